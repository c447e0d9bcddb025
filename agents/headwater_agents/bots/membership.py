"""A bot's own entry in the registry, and those of the agents it buys from."""

from __future__ import annotations

from headwater.chain import checksum
from headwater.identity import (
    AgentDesk,
    Registration,
    RegistrationError,
    Registries,
    SignalService,
    parse_data_uri,
    parse_registration,
)
from headwater_agents.bots.kit import Kit


def find_agent(registries: Registries, owner: str) -> int | None:
    """The first agent that an address registered and still owns; None if there is none."""
    topics = [registries.identity.interface.event("Registered").topic, None, bytes.fromhex(owner[2:]).rjust(32, b"\0")]
    logs = registries.backend.get_logs(registries.identity.address, topics)
    for event in registries.identity.decode(logs):
        agent_id = int(event["agentId"])
        if registries.agent(agent_id).owner == checksum(owner):
            return agent_id
    return None


def enrol(kit: Kit, registries: Registries, endpoint: str) -> int:
    """Be registered as the seller of this series' signals at an endpoint; the agent id.

    Sends nothing where the registry says all of it already; what the past was is not a reason to say it again.
    """
    config = kit.config
    desk = AgentDesk(registries, kit.account)
    agent_id = find_agent(registries, kit.address)
    service = SignalService(
        endpoint=endpoint,
        price_wei=config.market.price,
        asset=kit.system.addresses.token,
        chain_id=kit.backend.chain_id,
        series=config.series,
        past=dict(config.market.past),
    )
    if agent_id is None:
        # The file names the agent's number, which is only known once it is registered.
        agent_id = desk.register()
        kit.log.info("registered", agent=agent_id)
    if _offered(registries, agent_id) != _essence(service):
        registration = Registration(
            name=config.name,
            description=f"A Headwater {config.role}",
            services=(service,),
            x402_support=True,
            registrations=(registries.ref(agent_id),),
            supported_trust=("reputation",),
        )
        desk.set_uri(agent_id, registration.to_data_uri())
        kit.log.info("offered", agent=agent_id, endpoint=endpoint, price=config.market.price)
    return agent_id


def registration_file(registries: Registries, agent_id: int) -> bytes:
    """The registration file of an agent whose URI holds it. Raises RegistrationError."""
    return parse_data_uri(registries.agent(agent_id).uri)


def _offered(registries: Registries, agent_id: int) -> tuple[object, ...] | None:
    try:
        services = parse_registration(parse_data_uri(registries.agent(agent_id).uri)).services
    except RegistrationError:
        return None
    return next((_essence(each) for each in services if isinstance(each, SignalService)), None)


def _essence(service: SignalService) -> tuple[object, ...]:
    return service.endpoint, service.price_wei, service.asset, service.chain_id, service.series
