// Buys a signal: looks the seller up in the registry, pays it over x402, checks its EIP-712 signature.
import { randomBytes } from "node:crypto";
import { getAddress, verifyTypedData } from "ethers";
import { x402Client, x402HTTPClient } from "@x402/core/client";
import { ExactEvmScheme } from "@x402/evm/exact/client";

const WAD = 10n ** 18n;
const LONGEST = 16_384; // characters of an answer or of a registration file that are read
const SIGNAL = {
  Signal: [
    { name: "question", type: "uint256" },
    { name: "provider", type: "address" },
    { name: "agentId", type: "uint256" },
    { name: "forecast", type: "uint256[]" },
    { name: "time", type: "uint64" },
  ],
};

export class Market {
  // place: { chainId, arena, token, identity (contract), series }. maxPrice: wei of a signal at most.
  constructor(place, wallet, keep, maxPrice) {
    Object.assign(this, { place, keep, maxPrice });
    const network = `eip155:${place.chainId}`;
    const signer = {
      address: wallet.address,
      signTypedData: ({ domain, types, message }) => {
        const { EIP712Domain: _, ...own } = types;
        return wallet.signTypedData(domain, own, message);
      },
    };
    const client = new x402Client().register(network, new ExactEvmScheme(signer));
    // The stock client refuses tokens that it does not know: name ours, and the most it may pay.
    client.setSpendControls({ allowedAssets: [{ network, asset: place.token, maxAmountPerPayment: `${maxPrice}` }] });
    this.http = new x402HTTPClient(client);
    this.client = client;
  }

  // The signal of an agent for a question, as numbers in WAD; null where there is none yet. Paid for once.
  async signal(agent, question, outcomes) {
    const name = `${question}/${agent}`;
    const known = this.keep.get("signals", name);
    if (known) return known.forecast.map(BigInt);
    const seller = await this.find(agent);
    const url = `${seller.endpoint}/signals/${question}`;
    const purchase = this.keep.get("purchases", name) ?? (await this.authorise(url, seller, name));
    if (purchase === null) return null;
    // The payment is on disk. The same one is sent until it is answered: it is taken once, however often it comes.
    const answer = await ask(url, purchase.headers);
    if (answer.status !== 200) {
      if (answer.status === 402) throw new Error(`payment for ${name} refused: ${refusal(answer)}`);
      return null;
    }
    const forecast = check(JSON.parse(answer.body), this.place, seller, agent, question, outcomes);
    this.keep.put("signals", name, { ...JSON.parse(answer.body), receipt: answer.headers.get("payment-response") });
    return forecast;
  }

  // { endpoint, wallet } of an agent that offers signals on this series.
  async find(agent) {
    const { identity, chainId, token, series } = this.place;
    const [uri, wallet] = await Promise.all([identity.tokenURI(agent), identity.getAgentWallet(agent)]);
    const file = JSON.parse(await read(uri));
    const offer = file.services.find(
      (each) =>
        each.name === "headwater-signals" &&
        each.network === `eip155:${chainId}` &&
        getAddress(each.asset) === getAddress(token) &&
        BigInt(each.series) === BigInt(series),
    );
    if (!offer) throw new Error(`agent ${agent} offers no signals on series ${series}`);
    return { endpoint: offer.endpoint.replace(/\/$/, ""), wallet: getAddress(wallet) };
  }

  // Ask for the terms, hold them against what was agreed, sign a payment, keep it. null where nothing is sold yet.
  async authorise(url, seller, name) {
    const answer = await ask(url, {});
    if (answer.status !== 402) return null;
    const required = this.http.getPaymentRequiredResponse((header) => answer.headers.get(header));
    const fits = ({ amount, payTo, asset }) =>
      BigInt(amount) <= this.maxPrice && getAddress(payTo) === seller.wallet && getAddress(asset) === this.place.token;
    required.accepts = required.accepts.filter(fits);
    if (required.accepts.length === 0) throw new Error(`${url}: terms that were not agreed to`);
    const payment = await this.client.createPaymentPayload(required);
    // A name of its own lets a payment whose answer was lost be sent again.
    const offered = required.extensions?.["payment-identifier"];
    if (offered) {
      const info = { ...offered.info, id: `pay_${randomBytes(16).toString("hex")}` };
      payment.extensions = { ...payment.extensions, "payment-identifier": { ...offered, info } };
    }
    return this.keep.put("purchases", name, { url, headers: this.http.encodePaymentSignatureHeader(payment) });
  }
}

// The forecast of a signed signal, WAD; throws unless it is exactly what was paid for.
export function check(signed, place, seller, agent, question, outcomes) {
  const { signature, ...message } = signed;
  const domain = { name: "Headwater", version: "1", chainId: place.chainId, verifyingContract: place.arena };
  const signer = verifyTypedData(domain, SIGNAL, message, signature);
  if (signer !== getAddress(message.provider) || signer !== seller.wallet) throw new Error("signed by somebody else");
  if (BigInt(message.question) !== BigInt(question)) throw new Error("a signal for another question");
  if (BigInt(message.agentId) !== BigInt(agent)) throw new Error("another agent's signal");
  const forecast = message.forecast.map(BigInt);
  const sum = forecast.reduce((total, value) => total + value, 0n);
  if (forecast.length !== outcomes || sum !== WAD || forecast.some((value) => value <= 0n)) {
    throw new Error("a signal that is no forecast");
  }
  return forecast;
}

async function ask(url, headers) {
  const answer = await fetch(url, { headers, redirect: "error", signal: AbortSignal.timeout(20_000) });
  return { status: answer.status, headers: answer.headers, body: await bounded(answer) };
}

async function bounded(answer) {
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of answer.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > LONGEST) throw new Error(`${answer.url}: an answer of more than ${LONGEST} characters`);
  }
  return text;
}

function refusal(answer) {
  const header = answer.headers.get("payment-required");
  return header ? JSON.parse(Buffer.from(header, "base64").toString()).error : answer.body.slice(0, 200);
}

async function read(uri) {
  if (!uri.startsWith("data:")) return (await ask(uri, {})).body;
  const comma = uri.indexOf(",");
  const body = uri.slice(comma + 1);
  return uri.slice(0, comma).endsWith(";base64") ? Buffer.from(body, "base64").toString() : decodeURIComponent(body);
}
