/* commands: what a session does, a function a command, in cmd_*.c. Each gives one reply (imap/state.h). */

#ifndef IMAP_COMMANDS_H
#define IMAP_COMMANDS_H

#include "imap/state.h"

const char *imap_capabilities(const struct imap_state *s);

#define IMAP_CAPABILITIES "IMAP4rev1 LITERAL+ ID NAMESPACE IDLE UIDPLUS UNSELECT MOVE SPECIAL-USE CHILDREN"

void imap_cmd_capability(struct imap_state *s);
void imap_cmd_noop(struct imap_state *s); /* and CHECK: everything is on the disk already */
void imap_cmd_logout(struct imap_state *s);
void imap_cmd_id(struct imap_state *s);
void imap_cmd_namespace(struct imap_state *s);
void imap_cmd_select(struct imap_state *s); /* and EXAMINE */
void imap_cmd_close(struct imap_state *s);
void imap_cmd_unselect(struct imap_state *s);
void imap_cmd_create(struct imap_state *s);
void imap_cmd_delete(struct imap_state *s);
void imap_cmd_rename(struct imap_state *s);
void imap_cmd_subscribe(struct imap_state *s); /* and UNSUBSCRIBE */
void imap_cmd_list(struct imap_state *s);      /* and LSUB */
void imap_cmd_status(struct imap_state *s);
void imap_cmd_append(struct imap_state *s);    /* the message's bytes follow on the wire */
void imap_cmd_idle(struct imap_state *s);
void imap_cmd_myrights(struct imap_state *s);
void imap_cmd_getacl(struct imap_state *s);
void imap_cmd_listrights(struct imap_state *s);
void imap_cmd_setacl(struct imap_state *s); /* and DELETEACL */
void imap_cmd_expunge(struct imap_state *s);
void imap_cmd_search(struct imap_state *s);
void imap_cmd_fetch(struct imap_state *s);
void imap_cmd_store(struct imap_state *s);
void imap_cmd_copy(struct imap_state *s);
void imap_cmd_move(struct imap_state *s);

#endif
