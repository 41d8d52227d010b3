"""Tools are found by the words in all that is said of them."""

from codex_trio.tools.tool_search import Hidden, ranked


def hidden(namespace: str, name: str, about: str, **parameters: str) -> Hidden:
    properties = {key: {"type": "string", "description": text} for key, text in parameters.items()}
    spec = {"name": name, "description": about, "parameters": {"properties": properties}}
    return Hidden(namespace=namespace, description="", spec=spec)


TOOLS = [
    hidden("desk", "closeTicket", "Ends the work on a ticket.", reason="Why it is over"),
    hidden("desk", "list_tickets", "Shows every ticket there is, ticket by ticket."),
    hidden("mail", "send", "Sends a letter.", recipient="Who gets it"),
]


def found(query: str) -> list[str]:
    return [tool.spec["name"] for tool in ranked(TOOLS, query)]


def test_names_are_split_into_words():
    assert found("close") == ["closeTicket"]
    assert found("tickets") == ["list_tickets"]


def test_parameters_and_namespaces_count_too():
    assert found("RECIPIENT") == ["send"]
    assert found("mail") == ["send"]


def test_rare_words_say_more_than_common_ones():
    assert found("close ticket")[0] == "closeTicket"
    assert set(found("ticket")) == {"closeTicket", "list_tickets"}


def test_nothing_is_found_by_words_that_are_nowhere():
    assert found("weather") == []
    assert found("") == []
    assert ranked([], "a") == []
