/* SPDX-License-Identifier: GPL-2.0-or-later */
/* argv[0] of the stub: this binary, executed again on its way to become the target. No path or option can be
 * mistaken for it. */
#define CAP_AUDIT_STUB "cap-audit: starting the target"
/* Likewise of the analyst, which reads files that are anybody's. */
#define CAP_AUDIT_ANALYST "cap-audit: reading programs' code"
