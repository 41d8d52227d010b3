class ShellPatch: pass
def detect_shell_patch(*a): return None
