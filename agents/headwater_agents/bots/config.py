"""A bot's settings: one TOML file, checked as a whole before anything is opened or sent."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, get_type_hints

from headwater.chain import Account, HeadwaterError
from headwater_deploy import ConfigError

ROLES: Final = ("forecaster", "provider", "aggregator", "keeper", "resolver")
KEY_ENV: Final = "HEADWATER_KEY"


class BotConfigError(HeadwaterError, ConfigError):
    """A bot's settings that cannot work; says which, and what is accepted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyConfig:
    """Where the private key is: a keystore file (password in $HEADWATER_PASSWORD), or an environment variable."""

    keystore: str = ""
    env: str = KEY_ENV


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpConfig:
    """Where the bot listens: signals for those who sell, /health and /metrics for everybody.

    host: loopback unless told otherwise. port: 0 for any that is free. public: the URL others reach it by, as its
    registration says; "" for what it listens on.
    """

    host: str = "127.0.0.1"
    port: int = 0
    public: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MarketConfig:
    """Buying and selling of signals; money in wei of the deployment's token.

    facilitator: URL; without one nothing is bought or sold. price: of a signal this bot sells. suppliers: agent ids
    this bot buys from, in the order its pool takes them. per_payment, per_question, per_day: the most it spends.
    purse: kept out of stake, for signals. past: what its registration says of its past, texts and numbers by name.
    private: buy from addresses that are not public too, as a swarm on one machine does.
    """

    facilitator: str = ""
    price: int = 10**15
    suppliers: tuple[int, ...] = ()
    per_payment: int = 10**17
    per_question: int = 10**18
    per_day: int = 10**21
    purse: int = 0
    past: Mapping[str, Any] = field(default_factory=dict)
    private: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceConfig:
    """Where readings, and for a resolver outcomes, come from.

    kind: "rain" (the Innsbruck record; a question's topic is the index of its day), "none", or "file.py:Class" for a
    source of one's own. member: whose forecast a provider reads, 1 to 11. history: JSON lines of questions resolved
    before the series began, to learn from.
    """

    kind: str = "none"
    member: int = 1
    history: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyConfig:
    """What decides.

    use: "pooled" for a forecaster or aggregator, "odds-copier" or "last-outcome" for a forecaster, "calibrated" for a
    provider, or "file.py:Class" for one's own; "" for the role's first. settings: arguments of one's own, by name.
    """

    use: str = ""
    keep_bps: int = 3_000
    buffer: int = 0
    min_resolved: int = 20
    target_stake: int = 0
    reweigh_every: int = 10
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesConfig:
    """A resolver's questions: seconds of each window, how many questions, and the day (topic) of the first.

    lead: from opening to the start of commits. rest: from the end of reveals to the resolution. forgetting (WAD) and
    smoothing (1e-12 counts): of the frequencies it posts as odds, where it is the series' feed.
    """

    questions: int = 30
    first_day: int = 150
    lead: int = 6
    commit: int = 12
    reveal: int = 6
    rest: int = 1
    forgetting: int = 99 * 10**16
    smoothing: int = 10**12


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainConfig:
    """How it deals with the chain.

    confirmations: blocks on top of a transaction before it counts as final. patience: seconds before a transaction that
    was not mined is sent again with higher fees. max_fee: wei per gas that it pays at most.
    """

    confirmations: int = 2
    patience: float = 8.0
    max_fee: int = 500 * 10**9


@dataclass(frozen=True, kw_only=True, slots=True)
class BotConfig:
    """All settings of a bot. Paths are absolute once read.

    rpc: URL of the node. manifest: of the deployment. state: the bot's own file. poll: seconds between two looks.
    """

    role: str
    name: str
    rpc: str
    manifest: Path
    state: Path
    series: int = 1
    poll: float = 0.5
    key: KeyConfig = field(default_factory=KeyConfig)
    http: HttpConfig = field(default_factory=HttpConfig)
    market: MarketConfig = field(default_factory=MarketConfig)
    source: SourceConfig = field(default_factory=SourceConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    questions: SeriesConfig = field(default_factory=SeriesConfig)
    chain: ChainConfig = field(default_factory=ChainConfig)
    folder: Path = field(default_factory=Path.cwd)

    def account(self) -> Account:
        """The bot's account. Raises KeyUnavailable."""
        if self.key.keystore:
            return Account.from_keystore(self.folder / self.key.keystore)
        return Account.from_env(self.key.env)


_SECTIONS: Final[dict[str, type]] = {
    "key": KeyConfig,
    "http": HttpConfig,
    "market": MarketConfig,
    "source": SourceConfig,
    "policy": PolicyConfig,
    "questions": SeriesConfig,
    "chain": ChainConfig,
}
_TOP: Final = {"role": str, "name": str, "rpc": str, "manifest": str, "state": str, "series": int, "poll": float}


def read_config(path: Path, role: str | None = None) -> BotConfig:
    """Read and check a bot's settings. `role`, if given, must be the file's, or stands for it.

    Raises BotConfigError.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BotConfigError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BotConfigError(f"{path} is not TOML: {error}") from error
    if role is not None and raw.setdefault("role", role) != role:
        raise BotConfigError(f"{path} is for role {raw['role']!r}, not {role!r}")
    try:
        return _build(raw, path.resolve().parent)
    except BotConfigError as error:
        raise BotConfigError(f"{path}: {error}") from None


def _build(raw: dict[str, Any], folder: Path) -> BotConfig:
    _known(raw, {*_TOP, *_SECTIONS}, "")
    for name in ("role", "name", "rpc", "manifest", "state"):
        if name not in raw:
            raise BotConfigError(f"{name} is missing")
    top = {name: _typed(name, raw[name], kind) for name, kind in _TOP.items() if name in raw}
    if top["role"] not in ROLES:
        raise BotConfigError(f"role is {top['role']!r}; accepted: {', '.join(ROLES)}")
    sections = {name: _section(name, kind, raw[name]) for name, kind in _SECTIONS.items() if name in raw}
    top["manifest"], top["state"] = folder / top["manifest"], folder / top["state"]
    config = BotConfig(**top, **sections, folder=folder)
    _check(config)
    return config


def _section(section: str, kind: type, raw: object) -> Any:
    if not isinstance(raw, dict):
        raise BotConfigError(f"[{section}] is {raw!r}; it must be a table")
    _known(raw, {each.name for each in fields(kind)}, f"[{section}] ")
    hints = get_type_hints(kind)
    return kind(**{name: _typed(f"[{section}] {name}", value, hints[name]) for name, value in raw.items()})


def _known(raw: Mapping[str, Any], accepted: set[str], where: str) -> None:
    if unknown := sorted(set(raw) - accepted):
        raise BotConfigError(f"{where}{unknown[0]} is no setting; accepted: {', '.join(sorted(accepted))}")


def _typed(name: str, value: Any, kind: Any) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if kind in (str, int, float, bool):
        if type(value) is not kind:
            raise BotConfigError(f"{name} is {value!r}; it must be of type {kind.__name__}")
        return value
    if kind == tuple[int, ...]:
        if not isinstance(value, list) or any(type(each) is not int or each < 0 for each in value):
            raise BotConfigError(f"{name} is {value!r}; it must be a list of agent ids, integers of 0 or more")
        if len(set(value)) != len(value):
            raise BotConfigError(f"{name} names an agent twice")
        return tuple(value)
    if not isinstance(value, dict):
        raise BotConfigError(f"{name} is {value!r}; it must be a table")
    return value


def _check(config: BotConfig) -> None:
    def within(name: str, value: float, low: float, high: float) -> None:
        if not low <= value <= high:
            raise BotConfigError(f"{name} is {value}; accepted: {low} to {high}")

    within("poll", config.poll, 0.05, 60)
    within("series", config.series, 1, 2**32 - 1)
    within("[http] port", config.http.port, 0, 65_535)
    within("[source] member", config.source.member, 1, 11)
    within("[chain] confirmations", config.chain.confirmations, 0, 1_000)
    within("[chain] patience", config.chain.patience, 1, 3_600)
    within("[policy] keep_bps", config.policy.keep_bps, 100, 10_000)
    within("[questions] questions", config.questions.questions, 1, 10**6)
    for name in ("lead", "commit", "reveal", "rest"):
        within(f"[questions] {name}", getattr(config.questions, name), 1, 90 * 86_400)
    for name in ("price", "per_payment", "per_question", "per_day", "purse"):
        within(f"[market] {name}", getattr(config.market, name), 0 if name != "price" else 1, 2**96 - 1)
    if config.source.kind not in ("rain", "none") and ":" not in config.source.kind:
        raise BotConfigError(f'[source] kind is {config.source.kind!r}; accepted: "rain", "none", or "file.py:Class"')
    if not config.rpc.startswith(("http://", "https://")):
        raise BotConfigError(f"rpc is {config.rpc!r}; it must be the http(s) URL of a node")
    if not config.name or not all(letter.isalnum() or letter in "-_." for letter in config.name):
        raise BotConfigError(f"name is {config.name!r}; accepted: letters, digits, '-', '_' and '.'")
