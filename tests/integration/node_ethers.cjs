// What a wallet or a page does with ethers: settings come as JSON on standard input, findings go out as JSON.
const { JsonRpcProvider, Wallet, ContractFactory, parseEther } = require("ethers");

async function code(promise) {
  try {
    await promise;
    return "nothing";
  } catch (error) {
    return error.code;
  }
}

async function main({ url, key, abi, bytecode }) {
  // ethers answers a nonce asked again within 250 ms from its cache: on a chain that mines at once that is one too old.
  const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1, pollingInterval: 100 });
  const wallet = new Wallet(key, provider);
  const said = { chain: (await provider.getNetwork()).chainId.toString() };
  const fees = await provider.getFeeData();
  said.fees = [fees.gasPrice, fees.maxFeePerGas, fees.maxPriorityFeePerGas].map((fee) => typeof fee);
  const probe = await new ContractFactory(abi, bytecode, wallet).deploy(wallet.address, 5);
  await probe.waitForDeployment();
  said.deployed = (await provider.getCode(await probe.getAddress())).length > 2;
  await (await probe.store(9)).wait();
  said.value = (await probe.value()).toString();
  const heard = new Promise((tell) => probe.once("Stored", (who, value) => tell(value.toString())));
  await (await probe.store(11)).wait();
  said.heard = await heard;
  said.found = (await probe.queryFilter("Stored", 0)).map((event) => event.args.value.toString());
  try {
    await probe.refuse.staticCall(3);
  } catch (error) {
    said.refused = [error.code, error.reason];
  }
  const nonce = await provider.getTransactionCount(wallet.address);
  const plain = { to: wallet.address, value: 1n, gasLimit: 21000n };
  const paid = { maxFeePerGas: 50_000_000_000n, maxPriorityFeePerGas: 2_000_000_000n };
  said.low = await code(wallet.sendTransaction({ ...plain, ...paid, nonce: nonce - 1 }));
  const waiting = await wallet.sendTransaction({ ...plain, ...paid, nonce: nonce + 1 });
  said.underpriced = await code(wallet.sendTransaction({ ...plain, ...paid, nonce: nonce + 1, value: 2n }));
  said.poor = await code(wallet.sendTransaction({ ...plain, ...paid, nonce, value: parseEther("10000000") }));
  await wallet.sendTransaction({ ...plain, ...paid, nonce });
  said.mined = (await waiting.wait()).status;
  provider.destroy();
  return said;
}

let text = "";
process.stdin.on("data", (part) => (text += part));
process.stdin.on("end", () =>
  main(JSON.parse(text)).then(
    (said) => console.log(JSON.stringify(said)),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  ),
);
