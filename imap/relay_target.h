/* relay_target: where the copies go when COPY or MOVE leads from one mailbox to another: a folder of one's own, or a public
   one, to whose process they go as one APPEND of several messages. All of them are added, or none. */

#ifndef IMAP_RELAY_TARGET_H
#define IMAP_RELAY_TARGET_H

#include "imap/folder_add.h"
#include "imap/relay_inside.h"
#include "lib/maildirsize.h"

struct imap_relay_target {
  struct imap_relay *relay;     /* 0: it is one's own */
  text name;
  struct imap_folder folder;    /* of one's own */
  struct imap_addition addition;
  struct imap_command parsed;   /* flags and date of one message */
  imap_marks marks;
  struct maildirsize sum;
  size_t count;
  uint32_t validity, first;     /* of the copies, when all is done */
};

/* Each false with the reply given. Of each message begin, write, end; flags and date as they stand in APPEND: "(\Seen work)" and a
   quoted date-time. */
bool imap_relay_target_open(struct imap_state *s, struct imap_relay_target *t, bool is_public);
bool imap_relay_target_begin(struct imap_state *s, struct imap_relay_target *t, const text *flags, const text *date, uint64_t size);
bool imap_relay_target_write(struct imap_state *s, struct imap_relay_target *t, const char *bytes, size_t length);
bool imap_relay_target_end(struct imap_state *s, struct imap_relay_target *t);
bool imap_relay_target_finish(struct imap_state *s, struct imap_relay_target *t);

void imap_relay_target_close(struct imap_relay_target *t); /* without finish: nothing was added */

#endif
