"""The typed client that writes: one account's calls to the registries. Each returns a checked receipt, or a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_hash.auto import keccak

from headwater.cascade import LIST, Leaf, MerkleSumTree, Terms, pack_list
from headwater.chain.accounts import Account
from headwater.chain.backend import Receipt
from headwater.chain.client import Contract
from headwater.chain.codec import encode
from headwater.chain.errors import ArgumentError
from headwater.identity.registries import Registries
from headwater.typed_data import Domain

MAX_URI: Final = 8_192
"""Bytes of an agent's URI that the registry holds."""
MAX_TAG: Final = 64
CONSENT_SECONDS: Final = 300
"""How far ahead the deadline of a wallet's consent may lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """The words of a settled EIP-3009 authorisation; wei and seconds, the nonce of 32 bytes."""

    payer: str
    to: str
    amount: int
    valid_after: int
    valid_before: int
    nonce: bytes


def wallet_consent(registries: Registries, agent_id: int, wallet: str, owner: str, deadline: int) -> dict[str, Any]:
    """What a wallet signs (EIP-712) so that an owner may set it as an agent's; deadline in seconds of chain time."""
    domain = Domain(
        name="ERC8004IdentityRegistry",
        version="1",
        chain_id=registries.backend.chain_id,
        contract=registries.addresses.identity,
    )
    return domain.message(
        "AgentWalletSet",
        {"agentId": "uint256", "newWallet": "address", "owner": "address", "deadline": "uint256"},
        {"agentId": agent_id, "newWallet": wallet, "owner": owner, "deadline": deadline},
    )


def request_hash(content: bytes, salt: bytes) -> bytes:
    """A key for a validation request that nobody can take first: keccak(content hash, 32 random bytes).

    Publish the salt with the request. Raises ArgumentError.
    """
    if len(salt) != 32:
        raise ArgumentError(f"a salt has 32 bytes, got {len(salt)}")
    return bytes(keccak(encode(("bytes32", "bytes32"), (keccak(content), salt))))


class AgentDesk:
    """An account's verbs on the registries. Money is wei, times seconds.

    Every verb may raise Reverted (with the contract's reason), ArgumentError, TransactionRejected, NotMined and
    ConnectionFailed; then nothing has changed on the chain.
    """

    def __init__(
        self,
        registries: Registries,
        account: Account,
        observe: Callable[[str, Receipt], None] = lambda _, receipt: None,
    ) -> None:
        """`observe` is called with the function's name and the receipt of everything sent."""
        self.registries = registries
        self.account = account
        self._observe = observe

    @property
    def address(self) -> str:
        """The account's address."""
        return self.account.address

    def _send(self, contract: Contract, name: str, *args: object) -> Receipt:
        receipt = contract.send(name, *args, sender=self.account)
        self._observe(f"{contract.name}.{name}", receipt)
        return receipt

    # identity

    def register(self, uri: str = "", metadata: Mapping[str, bytes] | None = None) -> int:
        """Register an agent; its number. It is paid at this account until it has another wallet."""
        _short("uri", uri, MAX_URI)
        args: tuple[object, ...] = (uri,) if metadata is None else (uri, list(metadata.items()))
        receipt = self._send(self.registries.identity, "register", *args)
        return int(receipt.event("Registered")["agentId"])

    def set_uri(self, agent_id: int, uri: str) -> Receipt:
        """Replace where the registration file is."""
        _short("uri", uri, MAX_URI)
        return self._send(self.registries.identity, "setAgentURI", agent_id, uri)

    def set_metadata(self, agent_id: int, key: str, content: bytes) -> Receipt:
        """Set a metadata entry."""
        return self._send(self.registries.identity, "setMetadata", agent_id, key, content)

    def set_wallet(self, agent_id: int, wallet: Account, deadline: int | None = None) -> Receipt:
        """Let an agent be paid at another account of ours, which consents by its signature.

        `deadline` is in seconds of chain time, 300 ahead at most; 240 ahead unless given.
        """
        backend = self.registries.backend
        until = backend.now() + CONSENT_SECONDS - 60 if deadline is None else deadline
        owner = str(self.registries.identity.call("ownerOf", agent_id))
        signature = wallet.sign_typed(wallet_consent(self.registries, agent_id, wallet.address, owner, until))
        return self._send(self.registries.identity, "setAgentWallet", agent_id, wallet.address, until, signature)

    def unset_wallet(self, agent_id: int) -> Receipt:
        """Leave an agent without a wallet."""
        return self._send(self.registries.identity, "unsetAgentWallet", agent_id)

    def hand_over(self, agent_id: int, to: str) -> Receipt:
        """Transfer an agent; its wallet is forgotten."""
        return self._send(self.registries.identity, "transferFrom", self.address, to, agent_id)

    # reputation

    def give_feedback(
        self,
        agent_id: int,
        value: int,
        decimals: int = 0,
        tag1: str = "",
        tag2: str = "",
        *,
        endpoint: str = "",
        uri: str = "",
        content_hash: bytes = bytes(32),
    ) -> int:
        """Say value / 10**decimals about an agent; the index of the entry, from 1."""
        for name, tag in (("tag1", tag1), ("tag2", tag2)):
            _short(name, tag, MAX_TAG)
        receipt = self._send(
            self.registries.reputation,
            "giveFeedback",
            agent_id,
            value,
            decimals,
            tag1,
            tag2,
            endpoint,
            uri,
            content_hash,
        )
        return int(receipt.event("NewFeedback")["feedbackIndex"])

    def revoke_feedback(self, agent_id: int, index: int) -> Receipt:
        """Take an entry back."""
        return self._send(self.registries.reputation, "revokeFeedback", agent_id, index)

    def respond(self, agent_id: int, client: str, index: int, uri: str, content_hash: bytes = bytes(32)) -> Receipt:
        """Answer an entry."""
        return self._send(self.registries.reputation, "appendResponse", agent_id, client, index, uri, content_hash)

    # grounds

    def ground_payment(self, agent_id: int, index: int, payment: Payment) -> int:
        """Put a payment of ours behind an entry of ours; the weight it adds, wei."""
        if payment.payer != self.address:
            raise ArgumentError(f"the payment is {payment.payer}'s; {self.address} can ground its own only")
        receipt = self._send(
            self.registries.grounds,
            "ground_payment",
            agent_id,
            index,
            payment.to,
            payment.amount,
            payment.valid_after,
            payment.valid_before,
            payment.nonce,
        )
        return int(receipt.event("PaymentGrounded")["weight"])

    def ground_flow(
        self,
        agent_id: int,
        index: int,
        version: int,
        terms: Terms,
        leaves: Sequence[Leaf] | MerkleSumTree,
        leaf: int,
    ) -> int:
        """Put behind an entry of ours what the agent pulled as leaf number `leaf` of a version of ours; weight, wei."""
        if isinstance(leaves, MerkleSumTree):
            args: tuple[object, ...] = (leaves.entries([leaf]),)
            name = "ground_tree"
        elif terms.depth == LIST:
            args, name = (pack_list(leaves), leaf), "ground_list"
        else:
            raise ArgumentError("the version is a tree; give its MerkleSumTree")
        receipt = self._send(self.registries.grounds, name, agent_id, index, version, terms.as_tuple(), *args)
        return int(receipt.event("FlowGrounded")["weight"])

    # validation

    def request_validation(self, validator: str, agent_id: int, uri: str, key: bytes) -> Receipt:
        """Ask a validator about an agent of ours, under a key such as `request_hash` makes."""
        return self._send(self.registries.validation, "validationRequest", validator, agent_id, uri, key)

    def answer_validation(
        self, key: bytes, response: int, uri: str = "", content_hash: bytes = bytes(32), tag: str = ""
    ) -> Receipt:
        """Answer a request to us with 0 to 100."""
        _short("tag", tag, MAX_TAG)
        return self._send(self.registries.validation, "validationResponse", key, response, uri, content_hash, tag)


def _short(name: str, value: str, most: int) -> None:
    size = len(value.encode())
    if size > most:
        raise ArgumentError(f"{name} has {size} bytes; the registry takes at most {most}")
