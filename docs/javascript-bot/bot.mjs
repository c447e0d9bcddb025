// A Headwater forecaster in plain JavaScript: follows a series, buys a signal, commits, reveals, takes its money out.
//
//   node bot.mjs bot.json          run until Ctrl-C
//   node bot.mjs bot.json leave    take everything out: what the cascade owes, and the stake, after its cooldown
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { AbiCoder, concat, Contract, hexlify, JsonRpcProvider, keccak256, parseEther, toBeHex, Wallet } from "ethers";
import { Keep } from "./keep.mjs";
import { Market } from "./market.mjs";
import { believe, size, toForecast, toNumbers } from "./model.mjs";

const RESOLVED = 3n; // a question's status from which positions can be settled
const LIST = 255n; // depth that marks a list of leaves
const RING = 256n; // stake checkpoints that the vault keeps

const log = (event, facts = {}) => console.log(JSON.stringify({ time: Date.now() / 1000, event, ...facts }, text));
const text = (_, value) => (typeof value === "bigint" ? `${value}` : value);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

class Bot {
  static async open(path) {
    const settings = JSON.parse(readFileSync(path, "utf8"));
    const place = (name) => resolve(dirname(path), name);
    const bot = new Bot();
    bot.settings = { series: 1, share: 0.2, keepBps: 3_000, poll: 0.5, supplier: null, ...settings };
    bot.provider = new JsonRpcProvider(settings.rpc, undefined, { cacheTimeout: -1, pollingInterval: 250 });
    bot.wallet = (await key(settings, place)).connect(bot.provider);
    bot.me = bot.wallet.address;
    const manifest = JSON.parse(readFileSync(place(settings.manifest), "utf8"));
    bot.chainId = (await bot.provider.getNetwork()).chainId;
    if (bot.chainId !== BigInt(manifest.chain_id)) throw new Error(`the node is on chain ${bot.chainId}`);
    const at = (name) => {
      const abi = JSON.parse(readFileSync(place(`${settings.abi}/${name}.json`), "utf8"));
      return new Contract(manifest.contracts[name].address, abi, bot.wallet);
    };
    bot.token = at("HeadwaterToken");
    bot.vault = at("StakeVault");
    bot.arena = at("ForecastArena");
    bot.cascade = at("Cascade");
    bot.params = await bot.arena.params(bot.settings.series);
    if (bot.params.outcomes === 0n) throw new Error(`there is no series ${bot.settings.series}`);
    bot.domain = bot.params.governed ? 0n : BigInt(bot.settings.series);
    const about = { chain: `${bot.chainId}`, arena: bot.arena.target, account: bot.me };
    bot.keep = new Keep(place(settings.state), about);
    if (bot.settings.supplier !== null) {
      const [arena, token, identity] = [bot.arena.target, bot.token.target, at("IdentityRegistry")];
      const market = { chainId: bot.chainId, arena, token, identity, series: bot.settings.series };
      bot.market = new Market(market, bot.wallet, bot.keep, parseEther(settings.maxPrice));
    }
    bot.first = 1n; // every question before this one is of no interest any more
    return bot;
  }

  // Send one transaction and wait until it is mined.
  async send(label, contract, name, ...args) {
    const sent = await contract[name](...args);
    const receipt = await sent.wait(1, 60_000);
    log(label, { block: receipt.blockNumber, gas: receipt.gasUsed });
    return receipt;
  }

  // One look at the chain, and what there is to do. Everything is read from the contracts, so a reorganisation, or a
  // kill between any two lines, only means that the next look finds something else to do.
  async look() {
    const [mined, pending] = await Promise.all([
      this.provider.getTransactionCount(this.me, "latest"),
      this.provider.getTransactionCount(this.me, "pending"),
    ]);
    if (pending > mined) return; // sent before a kill, and still on its way
    const now = await this.now();
    const live = await this.live(now);
    for (const [id, question] of live) await this.reveal(id, question, now);
    if (live.length === 0 || live.every(([, question]) => question.mine.wager > 0n)) await this.prepare();
    for (const [id, question] of live) await this.commit(id, question, now);
  }

  async now() {
    const head = await this.provider.getBlock("latest");
    return BigInt(Math.max(head.timestamp, Math.floor(Date.now() / 1000)));
  }

  // Questions of the series that are not over for this bot: [id, question with this bot's position as `mine`].
  async live(now) {
    const found = [];
    let ended = true;
    for (let id = this.first; id <= (await this.arena.question_count()); id++) {
      const question = (await this.arena.question(id)).toObject(true);
      question.mine = await this.arena.position(id, this.me);
      const over = question.status >= RESOLVED || now >= question.times.resolve_after;
      if (question.status >= RESOLVED && question.mine.wager === 0n) {
        if (ended) this.first = id + 1n;
        await this.tell(id);
      } else {
        ended = false;
        if (question.series === BigInt(this.settings.series) && !over) found.push([id, question]);
      }
    }
    return found;
  }

  // Say once what a wager came to.
  async tell(id) {
    const known = this.keep.get("forecasts", id);
    if (!known || known.net !== undefined) return;
    const [settled] = await this.arena.queryFilter(this.arena.filters.Settled(id, this.me), known.block);
    const net = settled === undefined ? null : `${settled.args.net}`; // null: it was never mined
    this.keep.put("forecasts", id, { ...known, net });
    log("settled", { question: id, net });
  }

  // Between wagers: stake, say who is paid, take out what came in.
  async prepare() {
    const target = parseEther(this.settings.stake);
    const [bonded] = await this.vault.account(this.me); // what a wager locks included
    const short = target - bonded;
    if (short > 0n && (await this.token.balanceOf(this.me)) >= short) {
      if ((await this.token.allowance(this.me, this.vault.target)) < short) {
        await this.send("approve", this.token, "approve", this.vault.target, 2n ** 256n - 1n);
      }
      await this.send("deposit", this.vault, "deposit", short);
    }
    if (this.market) await this.announce();
    if ((await this.cascade.withdrawable(this.me)) > 0n) await this.send("withdraw", this.cascade, "withdraw", this.me);
  }

  // The supplier gets what the bot does not keep: a promise that stands before the question opens.
  async announce() {
    const supplier = await this.market.find(this.settings.supplier);
    const version = await this.cascade.latest(supplier.wallet);
    const leaf = concat([supplier.wallet, toBeHex(version, 5), toBeHex(1n, 12)]);
    const terms = [keccak256(leaf), 1n, LIST, BigInt(this.settings.keepBps), 0n];
    let mine = await this.cascade.latest(this.me);
    if (mine === 0n || !(await this.cascade.has_terms(this.me, mine, terms))) {
      await this.send("announce", this.cascade, "announce_list", leaf, this.settings.keepBps, 0n);
      mine = await this.cascade.latest(this.me);
    }
    if ((await this.vault.escrow(this.me, mine, this.domain)).keep_bps === 0n) {
      await this.send("open_escrow", this.vault, "open_escrow", this.me, mine, this.domain, terms);
    }
  }

  async commit(id, question, now) {
    const { commit_start, commit_end } = question.times;
    if (question.mine.wager > 0n || question.capacity === 0n || now < commit_start || now >= commit_end) return;
    let known = this.keep.get("forecasts", id);
    if (!known) {
      const decided = await this.decide(id, question, now);
      if (!decided) return;
      // Forecast and salt are on disk before the hash goes out, and never change: a second commit is the same one.
      known = this.keep.put("forecasts", id, { ...decided, salt: hexlify(randomBytes(32)), block: Number(question.opened) });
    }
    const forecast = known.forecast.map(BigInt);
    const hash = commitment(this.chainId, this.arena.target, id, this.me, forecast, known.salt);
    const version = await this.version(question.count);
    const [checkpoint] = await this.checkpoint(question.opened);
    await this.send("commit", this.arena, "commit", id, hash, BigInt(known.wager), version, checkpoint);
  }

  // { forecast, wager } as decimal texts; null to wait or to stay out.
  async decide(id, question, now) {
    const found = await this.checkpoint(question.opened);
    if (!found) return null; // a stake counts from the next question on
    const odds = toNumbers((await this.arena.odds(id)).toArray());
    const signals = [];
    if (this.market) {
      const bought = await this.market.signal(this.settings.supplier, id, odds.length);
      if (!bought) return null; // not made yet; the next look asks again
      signals.push(toNumbers(bought));
    }
    const forecast = toForecast(believe(odds, signals), this.params.p_min);
    const [bonded, locked] = await this.vault.account(this.me);
    const stake = { bonded: found[1], free: bonded - locked };
    const wager = size(toNumbers(forecast), odds, question, this.params, stake, this.settings.share);
    return wager === 0n ? null : { forecast: forecast.map(String), wager: `${wager}` };
  }

  async reveal(id, question, now) {
    const known = this.keep.get("forecasts", id);
    if (question.mine.wager === 0n || question.mine.revealed) return;
    if (!known) return log("lost", { question: id, why: "a wager stands that is not in this bot's file" });
    if (now < question.times.commit_end || now >= question.times.reveal_end) return;
    await this.send("reveal", this.arena, "reveal", id, this.me, known.forecast.map(BigInt), known.salt);
  }

  // This bot's newest announcement when `count` had been made by anybody.
  async version(count) {
    for (let version = 0n; ; ) {
      const [, successor] = await this.cascade.version_state(this.me, version);
      if (successor === 0n || successor > count) return version;
      version = successor;
    }
  }

  // [index, bonded wei] of the last stake checkpoint before a block; null if there is none.
  async checkpoint(block) {
    const [, , entries] = await this.vault.account(this.me);
    for (let index = entries - 1n; index >= 0n && index >= entries - RING; index--) {
      const [made, bonded] = await this.vault.checkpoint(this.me, index);
      if (made < block) return [index, bonded];
    }
    return null;
  }

  async leave() {
    if ((await this.cascade.withdrawable(this.me)) > 0n) await this.send("withdraw", this.cascade, "withdraw", this.me);
    const [bonded, locked] = await this.vault.account(this.me);
    if (bonded > locked) await this.send("unbond", this.vault, "request_unbond", bonded - locked);
    const [amount, ready] = await this.vault.unbonding(this.me);
    if (amount === 0n) return log("left", { stake: 0 });
    while ((await this.now()) < ready) await pause(1_000);
    await this.send("withdraw_stake", this.vault, "withdraw");
    log("left", { tokens: await this.token.balanceOf(this.me), locked });
  }
}

// The hash that commits a forecast, as ForecastArena computes it.
export function commitment(chainId, arena, question, forecaster, forecast, salt) {
  const types = ["uint256", "address", "uint256", "address", "uint256[]", "bytes32"];
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, [chainId, arena, question, forecaster, forecast, salt]));
}

// A keystore file with its password in HEADWATER_PASSWORD, or a key in HEADWATER_KEY. Neither is ever printed.
async function key(settings, place) {
  if (!settings.keystore) {
    if (!process.env.HEADWATER_KEY) throw new Error("no key: set HEADWATER_KEY, or name a keystore in the settings");
    return new Wallet(process.env.HEADWATER_KEY);
  }
  const opened = await Wallet.fromEncryptedJson(
    readFileSync(place(settings.keystore), "utf8"),
    process.env.HEADWATER_PASSWORD ?? "",
  );
  return new Wallet(opened.privateKey);
}

async function main([path, verb]) {
  if (!path || (verb && verb !== "leave")) throw new Error("usage: node bot.mjs bot.json [leave]");
  const bot = await Bot.open(path);
  log("ready", { account: bot.me, series: bot.settings.series });
  if (verb === "leave") return bot.leave();
  let stopped = false;
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => (stopped = true));
  while (!stopped) {
    try {
      await bot.look();
    } catch (error) {
      log("failed", { why: error.shortMessage ?? error.message });
    }
    await pause(bot.settings.poll * 1_000);
  }
  log("stopped");
}

if (import.meta.filename === resolve(process.argv[1] ?? "")) {
  main(process.argv.slice(2)).then(
    () => process.exit(0),
    (error) => {
      console.error(`javascript-bot: ${error.shortMessage ?? error.message}`);
      process.exit(1);
    },
  );
}
