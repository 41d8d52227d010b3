// Generated from the message types of codex-trio. Do not edit.

/** Where a key lives. The last one counts as degraded: a hardware-only policy refuses it. */
export type DeviceKeyProtectionClass = "hardware_secure_enclave" | "hardware_tpm" | "os_protected_nonextractable";
