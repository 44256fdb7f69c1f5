/* sts_show: the answer to what=test (doc/calls.md): everything that is known about the MTA-STS of a domain, for people. */

#ifndef SEND_STS_SHOW_H
#define SEND_STS_SHOW_H

/* Asks the policy host in any case where there is a record. */
void send_sts_show(int call, const char *domain);

#endif
