"""Keys sign what they should and show themselves to nobody."""

from __future__ import annotations

import copy
import io
import json
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount
from eth_account.messages import encode_typed_data

from headwater.chain import Account, ArgumentError, KeyUnavailable, recover, recover_typed, typed_digest
from headwater.chain.accounts import PASSWORD_ENV

KEY = bytes.fromhex("4646464646464646464646464646464646464646464646464646464646464646")
ADDRESS = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"  # of that key: EIP-155's example

MESSAGE: dict[str, Any] = {
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "chainId", "type": "uint256"}],
        "Signal": [
            {"name": "provider", "type": "address"},
            {"name": "question", "type": "uint256"},
            {"name": "forecast", "type": "uint256[]"},
        ],
    },
    "primaryType": "Signal",
    "domain": {"name": "Headwater", "chainId": 1337},
    "message": {"provider": ADDRESS, "question": 7, "forecast": [25 * 10**16, 75 * 10**16]},
}


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    file = tmp_path / "keystore.json"
    file.write_text(json.dumps(EthAccount.encrypt(KEY, "right", iterations=2)))
    return file


def test_address_is_that_of_the_standards_example() -> None:
    assert Account(KEY).address == ADDRESS
    assert Account.from_hex(KEY.hex()) == Account.from_hex("0x" + KEY.hex()) == Account(KEY)


def test_key_is_in_no_text_and_no_pickle() -> None:
    account = Account(KEY)
    for text in (repr(account), str(account), f"{account}", repr([account]), repr({"a": account})):
        assert KEY.hex() not in text
        assert ADDRESS in text
    assert not hasattr(account, "__dict__")
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(account)
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(account)


@pytest.mark.parametrize("key", ["", "0x", "12", "zz" * 32, "00" * 32, "ff" * 32, "12" * 33])
def test_malformed_key_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(KeyUnavailable) as caught:
        Account.from_hex(key)
    if len(key) > 4:
        assert key not in "".join(traceback.format_exception_only(caught.value))


def test_derived_accounts_depend_on_seed_and_index_only() -> None:
    accounts = [Account.derive(seed, index).address for seed in range(3) for index in range(20)]
    assert len(set(accounts)) == 60
    assert accounts[:20] == [Account.derive(0, index).address for index in range(20)]
    with pytest.raises(ArgumentError):
        Account.derive(-1, 0)


def test_key_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "0x" + KEY.hex())
    assert Account.from_env("A_KEY") == Account(KEY)
    monkeypatch.setenv("A_KEY", "not hex")
    with pytest.raises(KeyUnavailable, match="A_KEY: a private key is written as 64 hex digits"):
        Account.from_env("A_KEY")
    monkeypatch.delenv("A_KEY")
    with pytest.raises(KeyUnavailable, match="A_KEY is not set"):
        Account.from_env("A_KEY")


def test_keystore_opens_with_its_password_only(keystore: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Account.from_keystore(keystore, "right") == Account(KEY)
    monkeypatch.setenv(PASSWORD_ENV, "right")
    assert Account.from_keystore(keystore) == Account(KEY)
    with pytest.raises(KeyUnavailable, match="does not open with this password"):
        Account.from_keystore(keystore, "wrong")


def test_keystore_without_a_password_or_a_terminal_says_what_to_do(
    keystore: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD_ENV, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(KeyUnavailable, match=f"set {PASSWORD_ENV}"):
        Account.from_keystore(keystore)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"crypto": {}}', '{"crypto": 1, "version": 3}'])
def test_file_that_is_no_keystore_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "file.json"
    file.write_text(content)
    with pytest.raises(KeyUnavailable, match="keystore"):
        Account.from_keystore(file, "right")
    with pytest.raises(KeyUnavailable, match="cannot be read"):
        Account.from_keystore(tmp_path / "absent.json", "right")


def test_typed_signature_equals_that_of_eth_account_and_recovers() -> None:
    account = Account(KEY)
    signature = account.sign_typed(MESSAGE)
    theirs = EthAccount.sign_message(encode_typed_data(full_message=MESSAGE), KEY)
    assert signature == bytes(theirs.signature)
    assert typed_digest(MESSAGE) == bytes(theirs.message_hash)
    assert recover_typed(MESSAGE, signature) == ADDRESS


def test_signature_of_another_message_recovers_somebody_else() -> None:
    signature = Account(KEY).sign_typed(MESSAGE)
    other = {**MESSAGE, "message": {**MESSAGE["message"], "question": 8}}
    assert recover_typed(other, signature) != ADDRESS


def test_recover_takes_both_notations_of_v() -> None:
    digest = bytes(range(32))
    raw = Account(KEY).sign_digest(digest)
    assert recover(digest, raw) == ADDRESS
    assert recover(digest, raw[:64] + bytes((raw[64] + 27,))) == ADDRESS


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(65), b"\xff" * 64 + b"\x1b", bytes(64) + b"\x05"])
def test_malformed_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(ArgumentError):
        recover(bytes(32), signature)


@pytest.mark.parametrize("message", [{}, {"types": {}}, {**MESSAGE, "primaryType": "Nothing"}])
def test_malformed_typed_message_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="not an EIP-712 message"):
        Account(KEY).sign_typed(message)
