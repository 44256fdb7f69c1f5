/* select: which messages an operator means: by sender, login, Message-ID, recipient, destination and age; all that is given must be true. */

#ifndef QUEUE_SELECT_H
#define QUEUE_SELECT_H

#include "queue/look.h"

#define QUEUE_SELECT_USAGE "[--sender A|@DOMAIN|<>] [--login A|@DOMAIN] [--message-id ID] [--recipient A|@DOMAIN] [--destination HOST] [--older AGE]"

struct queue_select {
  const char *sender;
  const char *login;
  const char *message_id;
  const char *recipient;
  const char *destination;
  uint64_t older_seconds;
  bool is_given; /* one of them is */
};

/* Takes these options with their values out of the arguments; a value that cannot be understood ends the program. */
void queue_select_read(struct queue_select *s, const char **argv, const char *usage);

/* Is it one of them? Of its recipients those count that are not at their end. */
bool queue_select_matches(const struct queue_select *s, const struct queue_look *l, uint64_t now_seconds);

/* Must it be known for that what was said (queue_look_hear)? */
bool queue_select_is_by_words(const struct queue_select *s);

/* "90", "90s", "15m", "4h", "5d". */
bool queue_select_age(const char *value, uint64_t *seconds);

/* "a@b.test" is that address, "@b.test" anyone in that domain, "@.b.test" in those below it; letter case does not matter. */
bool queue_select_is_address(const char *wanted, const char *address);

#endif
