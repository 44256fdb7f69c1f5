/* greylist: whoever is not known is asked to come again (S-28): a host that sends mail does, what only sends spam often does
   not. The triplet is client network (IPv4 /24, IPv6 /64), sender, recipient; it passes after control/greylistdelay seconds
   and is known for control/greylistage. A network of which some triplets have passed is known as a whole. */

#ifndef SMTPD_GREYLIST_H
#define SMTPD_GREYLIST_H

#include "smtpd/session.h"

/* Of an accepted recipient. False: d says when to come again. Of a message from <> that is told at DATA (greylist_data):
   whoever checks whether an address of his sender exists is not held up. */
bool greylist_rcpt(struct session *s, const struct address *recipient, struct policy_decision *d);
bool greylist_is_on(struct session *s);
bool greylist_data(struct session *s, struct policy_decision *d);

/* A sender as it is compared: folded; what stands behind + in the local part is left out, and a row of digits is '#', for those
   who use another one for each message. */
void greylist_sender(text *out, const char *folded);

/* A line of control/greylistwhitelist: "client NETWORK", "recipient ADDRESS|DOMAIN|.DOMAIN", "sender ADDRESS|DOMAIN|.DOMAIN". */
struct greylist_facts {
  const char *client, *sender, *recipient; /* folded */
};
enum greylist_line { GREYLIST_BAD = -1, GREYLIST_OTHER, GREYLIST_KNOWN };
enum greylist_line greylist_line_check(const char *line, const struct greylist_facts *facts);

void greylist_check_settings(void); /* what cannot be understood ends the program */

#endif
