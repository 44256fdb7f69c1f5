/* failure: why no session came about, in words with the host's name: later, for all recipients. */

#ifndef SEND_FAILURE_H
#define SEND_FAILURE_H

#include "send/session.h"

/* All say SESSION_FAILED. The server's last reply, which refused something; no reply; our own words, two parts of them. */
enum session_result send_failure_refused(const struct client *c, const char *status, const char *what, struct outcome *why);
enum session_result send_failure_lost(const struct client *c, const char *when, struct outcome *why);
enum session_result send_failure_say(const struct client *c, const char *status, const char *what, const char *more,
                                     struct outcome *why);

#endif
