// What the bot believes, and how much it wagers on it. Put your own model into `believe`.
import { parseEther } from "ethers";

const WAD = parseEther("1");
const GRAIN = 10n ** 12n; // forecasts are multiples of 1e-6

// Probabilities from the public odds and the signals that were bought (arrays of numbers, one an outcome each).
export function believe(odds, signals) {
  if (signals.length === 0) return odds; // nothing known beyond the odds: no gain in sight, so no wager
  const mixed = odds.map((q, o) => {
    const heard = signals.reduce((sum, signal) => sum + Math.log(signal[o]), 0) / signals.length;
    return Math.exp(0.3 * Math.log(q) + 0.7 * heard);
  });
  const total = mixed.reduce((sum, value) => sum + value, 0);
  return mixed.map((value) => value / total);
}

// Numbers of one of the contract's forecasts.
export const toNumbers = (forecast) => forecast.map((value) => Number(value) / 1e18);

// A forecast as the contract takes it: WAD, none below pMin (WAD), the sum exact.
export function toForecast(probabilities, pMin) {
  const floor = ((pMin + GRAIN - 1n) / GRAIN) * GRAIN;
  const spare = 1 - probabilities.length * (Number(floor) / 1e18);
  const forecast = probabilities.map((p) => floor + BigInt(Math.floor(p * spare * 1e6)) * GRAIN);
  const largest = forecast.reduce((best, value, index) => (value > forecast[best] ? index : best), 0);
  forecast[largest] += WAD - forecast.reduce((sum, value) => sum + value, 0n);
  return forecast;
}

// Wager in wei: a share of the stake, within what the question can pay and the stake can lock. 0 to stay out.
export function size(belief, odds, question, params, stake, share) {
  const bound = -Math.log(Number(params.p_min) / 1e18);
  const growth = belief.reduce((sum, p, o) => sum + p * Math.log(p / odds[o]), 0);
  if (growth / bound <= Number(params.rent_bps) / 10_000) return 0n;
  const affordable = (stake.free * 10_000n) / (10_000n + params.rent_bps);
  const wanted = (stake.bonded * BigInt(Math.floor(share * 10_000))) / 10_000n;
  const most = (question.capacity * 3n) / 10n; // more would only dilute everybody
  const wager = [affordable, wanted, most].reduce((a, b) => (a < b ? a : b));
  return wager >= params.min_wager ? wager : 0n;
}
