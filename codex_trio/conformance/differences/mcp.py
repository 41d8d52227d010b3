"""Where the reference differs in MCP servers."""

from codex_trio.conformance.differences.difference import Difference

MCP: tuple[Difference, ...] = (
    Difference(
        "mcp::a_user_sees_how_far_a_call_is",
        "reference",
        "passes nothing on of what servers tell of how far calls are",
    ),
    Difference(
        "mcp::a_user_is_told_that_an_answer_for_good_could_not_be_kept",
        "reference",
        "writes the answer into the project's own configuration, of which ours takes nothing that it wrote itself",
    ),
    Difference(
        "mcp::only_tools_that_say_that_they_read_are_called_in_plan_mode_where_nobody_is_asked",
        "reference",
        "calls any tool in plan mode, though it tells the model that nothing is carried out then",
    ),
    Difference(
        "mcp::a_user_is_asked_in_plan_mode_what_else_could_be_called",
        "reference",
        "calls in plan mode what may be called in any other",
    ),
    Difference(
        "mcp::a_server_keeps_its_name_whichever_other_is_there",
        "reference",
        "names a server for models otherwise once another is ready whose name reads alike",
    ),
)
