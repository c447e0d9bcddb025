"""A node: JSON-RPC over the chains in this process, on the wall clock's time, kept in a file if asked."""

from headwater_deploy.node.config import NodeConfig, NodeError
from headwater_deploy.node.node import Node
from headwater_deploy.node.running import RunningNode, start_node
from headwater_deploy.node.store import StoreError

__all__ = ["Node", "NodeConfig", "NodeError", "RunningNode", "StoreError", "start_node"]
