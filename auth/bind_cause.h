/* bind_cause: why Active Directory refuses a bind, out of what it says beside "Invalid credentials" (data 52e ...). For our log:
   a client is told of no difference. No I/O. */

#ifndef AUTH_BIND_CAUSE_H
#define AUTH_BIND_CAUSE_H

/* One word, as "wrong-password"; 0: it says nothing of the kind, or a code that is not known. */
const char *bind_cause(const char *said);

#endif
