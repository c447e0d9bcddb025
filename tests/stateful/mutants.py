"""Named faults of the contracts; histories must find every one of them."""

from __future__ import annotations

from mutant import Mutant


def _arena(name: str, fault: str, *edits: tuple[str, str]) -> Mutant:
    return Mutant(name, fault, tuple(("ForecastArena", old, new) for old, new in edits))


def _vault(name: str, fault: str, *edits: tuple[str, str]) -> Mutant:
    return Mutant(name, fault, tuple(("StakeVault", old, new) for old, new in edits))


def _cascade(name: str, fault: str, *edits: tuple[str, str]) -> Mutant:
    return Mutant(name, fault, tuple(("Cascade", old, new) for old, new in edits))


def _treasury(name: str, fault: str, *edits: tuple[str, str]) -> Mutant:
    return Mutant(name, fault, tuple(("Treasury", old, new) for old, new in edits))


MUTANTS: tuple[Mutant, ...] = (
    # Scoring and the reserve
    _arena(
        "drop_the_floor_in_net",
        "a negative net is truncated toward zero",
        ("    if net * denominator > numerator:\n        net -= 1\n", ""),
    ),
    _arena(
        "round_the_kept_reserve_down",
        "resolution keeps a wei less than the positions may win",
        ("min(capacity, wagered) + capacity - 1) // capacity", "min(capacity, wagered)) // capacity"),
    ),
    _arena(
        "last_slice_keeps_the_dust",
        "slices are taken over all wagers, not over those that are left",
        ("wager // ((book >> 96) & MAX_WEI)", "wager // ((head >> 96) & MAX_WEI)"),
    ),
    Mutant(
        "emit_without_a_bound",
        "capacity exceeds what the reserve covers, and the treasury pays beyond a slice",
        (
            ("ForecastArena", "min(reserve * log_range // growth, MAX_WEI)", "min(reserve * 8, MAX_WEI)"),
            ("Treasury", '        assert emission <= portion, "treasury: emission above the reserve"\n', ""),
        ),
    ),
    _arena(
        "refund_the_unrevealed_of_a_late_void",
        "who did not reveal pays no more than the rent",
        (
            "        if status == VOID_LATE and position >> 136 == 0:\n            net = self._net(wager, "
            "-convert(logs & MASK_64, int256), head, logs)\n        elif status != VOID_EARLY:",
            "        if status != VOID_EARLY:",
        ),
    ),
    # Commits and reveals
    _arena(
        "bind_to_the_newest_version_at_commit",
        "a version announced after the opening takes the question's money",
        (
            "msg.sender, version, self._books[question] >> 192",
            "msg.sender, version, staticcall ICascade(CASCADE).count()",
        ),
    ),
    _arena(
        "commit_after_commit_end",
        "commits stay open until reveals end",
        ("assert block.timestamp < (times >> 40) & MASK_40,", "assert block.timestamp < (times >> 80) & MASK_40,"),
    ),
    _arena(
        "reveal_after_reveal_end",
        "reveals stay open until the question may be resolved",
        ("assert block.timestamp < (times >> 80) & MASK_40,", "assert block.timestamp < (times >> 160) & MASK_40,"),
    ),
    _arena(
        "let_a_wager_shrink",
        "a second commit may take a wager back",
        ('    assert wager >= before, "arena: a wager only grows"\n', ""),
        (
            "self._lock(wager, logs) - self._lock(before, logs)",
            "self._lock(max(wager, before), logs) - self._lock(before, logs)",
        ),
        ("head + ((wager - before) << 96)", "head + (wager << 96) - (before << 96)"),
    ),
    _arena(
        "accept_any_preimage",
        "a reveal may show what was not committed",
        (
            'forecast, salt)), uint256\n    ), "arena: not the committed',
            'forecast, salt)), uint256\n    ) or True, "arena: not the committed',
        ),
    ),
    _arena(
        "mix_domains",
        "sponsored series share the escrow of governed ones",
        ("domain: uint256 = 0 if params.governed else series", "domain: uint256 = 0"),
    ),
    # Stake
    _vault(
        "skip_the_lock",
        "a wager locks no stake",
        ("    self._accounts[account] = word + (amount << 96)\n", ""),
    ),
    _vault(
        "skip_the_lock_of_an_escrow",
        "an escrow does not know what its open positions may lose",
        ("        self._escrow_state[account][key] = state + amount\n", "        state += amount\n"),
    ),
    _vault(
        "skip_the_unlock",
        "a settled position's stake stays locked",
        ("word: uint256 = self._accounts[account] - (lock << 96)", "word: uint256 = self._accounts[account]"),
    ),
    _vault(
        "count_the_stake_of_the_same_block",
        "stake bonded in the block of the opening counts",
        ("assert entry >> 96 < opened,", "assert entry >> 96 <= opened,"),
    ),
    _vault(
        "accept_an_old_checkpoint",
        "stake unbonded before the opening counts",
        (" % RING] >> 96 >= opened,", " % RING] >> 96 >= 0,"),
    ),
    _vault(
        "slash_what_is_locked",
        "a slash reaches the stake of open positions",
        (
            "from_bonded: uint256 = min(amount, (word & MAX_WEI) - ((word >> 96) & MAX_WEI))",
            "from_bonded: uint256 = min(amount, word & MAX_WEI)",
        ),
    ),
    _vault(
        "unbond_without_a_cooldown",
        "unbonding stake can be withdrawn at once",
        ('    assert block.timestamp >= word >> 96, "vault: cooldown not over"\n', ""),
    ),
    _vault(
        "let_a_pause_stop_settlements",
        "the guardian can stop everybody's exit",
        (
            "    change: int256 = net\n    released: uint256 = 0\n    if version != 0:",
            '    assert not self.paused, "vault: paused"\n'
            "    change: int256 = net\n    released: uint256 = 0\n    if version != 0:",
        ),
    ),
    # Escrows
    _vault(
        "truncate_the_own_share",
        "the forecaster's share of a loss is rounded toward zero",
        ("    if own * 10_000 > product:\n        own -= 1\n", ""),
    ),
    _vault(
        "forget_the_debt",
        "losses that the stake carried are not paid back",
        ("debt = min(debt + loss - draw, MAX_WEI)", "debt = min(debt, MAX_WEI)"),
    ),
    _vault(
        "let_a_moved_debt_reduce_what_is_held",
        "a debt from an older version takes what the newer one holds for its children",
        (
            "self._escrow_money[forecaster][heir] = target + (moved << 96)",
            "self._escrow_money[forecaster][heir] = target - min(moved, target & MAX_WEI) + (moved << 96)",
        ),
    ),
    _vault(
        "release_without_zeroing_due",
        "what is due can be released again and again",
        ("    self._escrow_state[forecaster][key] = state - (due << 96)\n", ""),
    ),
    _vault(
        "release_to_the_newest_version",
        "money promised under one version goes to the children of another",
        (
            "receive_release(forecaster, version, due)",
            "receive_release(forecaster, staticcall ICascade(CASCADE).latest(forecaster), due)",
        ),
    ),
    _vault(
        "release_what_open_positions_may_lose",
        "the worst case of open positions is not held back",
        ("max((money >> 192) * GRAIN, worst)", "(money >> 192) * GRAIN + 0 * worst"),
    ),
    _vault(
        "close_too_early",
        "a version closes although questions bound to it still take commits",
        ("replaced + MAX_WINDOW if next != 0 else", "replaced if next != 0 else"),
    ),
    _vault(
        "close_what_was_never_opened",
        "a replaced version that is idle closes although it may still take commits",
        (
            "    assert block.timestamp >= since,",
            "    assert block.timestamp >= since or block.timestamp >= (state >> 208) + IDLE_PERIOD,",
        ),
    ),
    _vault(
        "move_a_debt_onto_open_positions",
        "a debt arrives where a wager already stands, and takes its gain from the children it names",
        (
            "if self._escrow_state[forecaster][heir] & MAX_WEI == 0:",
            "if self._escrow_state[forecaster][heir] & MAX_WEI >= 0:",
        ),
    ),
    _vault(
        "answer_to_other_names",
        "an escrow can be released under a version that pays nobody",
        ('    assert version < 2**40, "vault: no such version"\n', ""),
    ),
    # Cascade
    _cascade(
        "accept_a_version_that_is_not_older",
        "a leaf pays its own version, so money can go round in a circle",
        ("child_version >= version", "child_version > version"),
    ),
    _cascade(
        "drop_the_sum_of_the_root",
        "a root whose leaves claim more than its total opens",
        (' and sum == terms.total, "cascade: proof', ', "cascade: proof'),
    ),
    _cascade(
        "forget_what_was_taken",
        "a repeated pull pays again",
        ("    self._taken[pair_key] = pair + (amount << lane)\n", ""),
    ),
    _cascade(
        "leave_the_share_in_the_pot",
        "a node's own share is paid to its children too",
        ("return inflow - inflow * terms.keep_bps // BPS + (flow >> 128)", "return inflow + (flow >> 128)"),
    ),
    _cascade(
        "pay_whoever_calls",
        "anybody can withdraw a node's money",
        ("transfer(node, amount)", "transfer(msg.sender, amount)"),
    ),
    _cascade(
        "trust_the_terms_of_a_share",
        "whoever pulls a share says how large it is",
        (
            "        self._check_terms(key, terms)\n        entitlement = entitlement",
            "        entitlement = entitlement",
        ),
    ),
    # Treasury
    _treasury(
        "emit_without_debiting",
        "an emission is not taken out of the series' money",
        ("        self._accounts[series] = word - emission\n", "        self._accounts[series] = word\n"),
    ),
    _treasury(
        "keep_from_sponsors_what_stakes_lost",
        "a sponsor can withdraw no more than was ever paid in",
        (
            "    self._base -= convert(amount, int256)\n",
            "    self._base -= convert(amount, int256)\n    assert self._base >= 0\n",
        ),
    ),
    _treasury(
        "share_old_epochs_under_new_weights",
        "what fell due before the weights changed is shared under the new ones",
        ("    assert self.next_epoch > (block.timestamp - START) // EPOCH,", "    assert self.next_epoch > 0,"),
    ),
    _treasury(
        "mint_an_epoch_twice",
        "every roll mints what the epoch allows",
        ("        self.next_epoch = epoch\n", ""),
    ),
    _treasury(
        "ignore_the_epoch_cap",
        "a series sets aside more than its cap",
        ("min((word & MAX_WEI) * share_bps // BPS, left)", "max((word & MAX_WEI) * share_bps // BPS, 0 * left)"),
    ),
)


def by_name(name: str) -> Mutant:
    """The mutant of that name. Raises ValueError."""
    for mutant in MUTANTS:
        if mutant.name == name:
            return mutant
    raise ValueError(f"no mutant {name!r}; there are: {', '.join(mutant.name for mutant in MUTANTS)}")
