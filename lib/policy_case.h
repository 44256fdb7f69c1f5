/* policy_case: a session as it would be, for who asks lib/policy without one: whatif and control/expect. */

#ifndef LIB_POLICY_CASE_H
#define LIB_POLICY_CASE_H

#include "lib/policy.h"

struct policy_port {
  const char *number, *role;
  enum policy_role policy;
  bool is_private; /* its sessions are encrypted, or on this host */
};

const struct policy_port *policy_port_find(const char *number); /* 0: none of ours */

/* What the facts point at. */
struct policy_case {
  text me, postmaster, order, always_bcc, login, login_mailbox, login_backend;
  struct policy_standing standing;
};
#define POLICY_CASE_ZERO { .me = TEXT_ZERO }
void policy_case_free(struct policy_case *c);

/* What control/ says: me, postmaster, delimiter, relay_order, always_bcc, and of the port role, is_tls and spoof_mx. */
void policy_case_control(struct policy_case *c, const struct policy_port *port, struct policy_facts *facts);

/* Who logs in as what, as auth-server finds it: the name of a user is his primary address. ABSENT: nobody has that login. */
enum lookup_result policy_case_login(struct policy_case *c, struct tables *tables, const char *login, struct policy_facts *facts);

/* An address as it stands between < and >, or with them. True if it is one that can be asked about. */
bool policy_case_address(struct address *a, const char *string, bool *is_null);

#endif
