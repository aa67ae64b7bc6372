"""The state machine of one request: which node follows which."""

from __future__ import annotations

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore

from graphs.request import check, cloud, decide, fallback, guard, nodes
from graphs.request.state import Run, State


def build(
    *, checkpointer: BaseCheckpointSaver[str] | None = None, store: BaseStore | None = None
) -> CompiledStateGraph[State, Run, State, State]:
    """The compiled graph. Invoke it with a `task` in the state and a `Run` as context."""
    graph = StateGraph(State, context_schema=Run)
    graph.add_node("recall", nodes.recall)
    graph.add_node("guard", guard.guard)
    graph.add_node("classify", nodes.classify)
    graph.add_node("decide", decide.decide)
    graph.add_node("answer_locally", nodes.answer_locally)
    graph.add_node("check", check.check)
    graph.add_node("repair", nodes.repair)
    graph.add_node("answer_in_cloud", cloud.answer_in_cloud)
    graph.add_node("fall_back", fallback.fall_back)
    graph.add_node("remember", nodes.remember)

    graph.add_edge(START, "recall")
    graph.add_edge("recall", "guard")
    graph.add_conditional_edges("guard", guard.after_guard)
    graph.add_edge("classify", "decide")
    graph.add_conditional_edges("decide", decide.after_decide)
    graph.add_conditional_edges("answer_locally", nodes.after_answer)
    graph.add_conditional_edges("answer_in_cloud", nodes.after_answer)
    graph.add_conditional_edges("fall_back", fallback.after_fall_back)
    graph.add_conditional_edges("check", check.after_check)
    graph.add_edge("repair", "answer_locally")
    graph.add_edge("remember", END)
    return graph.compile(checkpointer=checkpointer, store=store, name="hybrid")
