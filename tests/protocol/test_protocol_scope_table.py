"""The serialization scope of every method, against the established server's."""

import pytest
from codex_trio_protocol.scopes import Scope
from codex_trio_protocol.table import CLIENT_REQUESTS

X, S = False, True
TABLE: dict[Scope | None, str] = {
    None: """
        initialize thread/start thread/list thread/loaded/list thread/turns/list thread/turns/items/list
        thread/realtime/listVoices plugin/list plugin/read app/list fs/readFile fs/writeFile fs/createDirectory
        fs/getMetadata fs/readDirectory fs/remove fs/copy model/list modelProvider/capabilities/read
        collaborationMode/list mock/experimentalMethod account/rateLimits/read feedback/upload fuzzyFileSearch
        getConversationSummary gitDiffToRemote server/diagnostics userVerification/status userVerification/enroll
        userVerification/delete userVerification/verify thread/search thread/searchOccurrences thread/items/list
        plugin/search plugin/installed plugin/reconcile app/read app/installed mcpServer/event/stream/start
        mcpServer/event/stream/stop account/usage/read account/workspaceMessages/read
    """,
    Scope("thread", "thread_id", fallback="path", shared=X): "thread/resume thread/fork",
    Scope("thread", "thread_id", shared=X): """
        thread/archive thread/unarchive thread/unsubscribe thread/increment_elicitation thread/decrement_elicitation
        thread/name/set thread/goal/set thread/goal/get thread/goal/clear thread/metadata/update thread/memoryMode/set
        thread/compact/start thread/shellCommand thread/approveGuardianDeniedAction thread/backgroundTerminals/clean
        thread/rollback thread/read thread/inject_items turn/start turn/steer turn/interrupt thread/realtime/start
        thread/realtime/appendAudio thread/realtime/appendText thread/realtime/stop review/start mcpServer/tool/call
        mcpServer/resource/read thread/delete thread/queue/add thread/queue/list thread/queue/update thread/queue/delete
        thread/queue/reorder thread/queue/start thread/section/move thread/settings/update turn/settings/update
        thread/backgroundTerminals/list thread/backgroundTerminals/terminate thread/revert
        thread/realtime/appendSpeech thread/timeline/list
    """,
    Scope("config", shared=S): """
        config/read skills/list hooks/list configRequirements/read permissionProfile/list
        externalAgentConfig/import/readHistories
    """,
    Scope("config", shared=X): """
        config/value/write config/batchWrite skills/config/write marketplace/add marketplace/remove marketplace/upgrade
        plugin/install plugin/uninstall plugin/skill/read plugin/share/save plugin/share/updateTargets plugin/share/list
        plugin/share/checkout plugin/share/delete experimentalFeature/list experimentalFeature/enablement/set
        externalAgentConfig/import windowsSandbox/readiness skills/extraRoots/set
        externalAgentConfig/import/recordHistory
    """,
    Scope("external-agent-detect", shared=X): "externalAgentConfig/detect",
    Scope("account-auth", shared=X): """
        account/login/start account/login/cancel account/logout account/read account/sendAddCreditsNudgeEmail
        getAuthStatus account/bedrock/setup account/rateLimitResetCredit/consume
    """,
    Scope("account-auth", shared=S): "account/bedrock/discover",
    Scope("mcp-registry", shared=X): "config/mcpServer/reload mcpServerStatus/list",
    Scope("memory", shared=X): "memory/reset",
    Scope("environment", shared=X): "environment/add",
    Scope("environment", shared=S): "environment/info environment/status",
    Scope("remote-control", shared=X): "remoteControl/enable remoteControl/disable",
    Scope("remote-control", shared=S): "remoteControl/status/read",
    Scope("remote-control-pairing", shared=S): "remoteControl/pairing/status",
    Scope("remote-control-pairing", shared=X): "remoteControl/pairing/start",
    Scope("remote-control-clients", shared=S): "remoteControl/client/list",
    Scope("remote-control-clients", shared=X): "remoteControl/client/revoke",
    Scope("projects", shared=S): "project/list project/read",
    Scope("projects", shared=X): "project/create project/import project/update project/move project/delete",
    Scope("thread-sections", shared=S): "threadSection/list",
    Scope("thread-sections", shared=X): "threadSection/create threadSection/update threadSection/delete",
    Scope("windows-sandbox-setup", shared=X): "windowsSandbox/setupStart",
    Scope("mcp-oauth", "name", shared=X): "mcpServer/oauth/login",
    Scope("command", "process_id", shared=X, per_connection=True): """
        command/exec command/exec/write command/exec/terminate command/exec/resize
    """,
    Scope("process", "process_handle", shared=X, per_connection=True): """
        process/spawn process/writeStdin process/kill process/resizePty
    """,
    Scope("fuzzy-session", "session_id", shared=X): """
        fuzzyFileSearch/sessionStart fuzzyFileSearch/sessionUpdate fuzzyFileSearch/sessionStop
    """,
    Scope("fs-watch", "watch_id", shared=X, per_connection=True): "fs/watch fs/unwatch",
}
"""What the requests of each scope are called. A scope whose field is empty in a request counts as none."""

UNKNOWN = """
    account/bedrock/checkGovCloudRequirements account/gatewayOAuth/read account/gatewayOAuth/login
    account/gatewayOAuth/cancel account/gcp/setup account/securitySetup/read accountSession/list accountSession/switch
    feedback/save memory/status modelProvider/list modelProvider/config/write modelProvider/default/set rollout/compress
    thread/attachment/add thread/attachment/list thread/attachment/remove thread/attachmentOwner/list
    thread/guardianReview thread/items/read thread/memory/read thread/prediction/request thread/prepareApprovedPlan
    thread/readState/update thread/realtime/list thread/sample thread/sample/cancel thread/search/cancel
    thread/search/stream thread/search/stream/cancel userVerification/cancel
    device/key/create device/key/public device/key/sign
"""
"""Methods whose scope in the established server is not known: the choice is ours."""

ROWS = [(method, scope) for scope, methods in TABLE.items() for method in methods.split()]


@pytest.mark.parametrize(("method", "scope"), ROWS, ids=[method for method, _ in ROWS])
def test_a_method_has_the_scope_that_clients_count_on(method: str, scope: Scope | None) -> None:
    assert CLIENT_REQUESTS[method].scope == scope


def test_every_method_is_in_the_table_or_known_to_be_unknown() -> None:
    named = [method for method, _ in ROWS] + UNKNOWN.split()
    assert sorted(named) == sorted(CLIENT_REQUESTS)
