// Generated from the message types of codex-trio. Do not edit.

/** Where a new key may live: in hardware alone, or also in the operating system's key store. */
export type DeviceKeyProtectionPolicy = "hardware_only" | "allow_os_protected_nonextractable";
