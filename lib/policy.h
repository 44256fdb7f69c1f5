/* policy: what is accepted and where it goes: pure functions of (tables, facts). smtp-receive, send-schedule, whatif and
   the tests call the same ones. A decision names its rule and the file (and entry) that made it.

   The tables are opened by the caller (tables_open "policy"), once for each transaction. */

#ifndef LIB_POLICY_H
#define LIB_POLICY_H

#include "lib/address.h"
#include "lib/names.h"
#include "lib/tables.h"

enum policy_role { POLICY_MX, POLICY_SUBMISSION, POLICY_LMTP, POLICY_INJECT };

/* What an expansion passes by: one call for each branch, a branch's own before those below it. what: the table in
   lib/policy_expand.h. */
struct policy_trace {
  void (*step)(void *to, unsigned int depth, const char *address, const char *what, const char *rule, const char *from);
  void *to;
};

struct policy_decision;

/* What the tables do not know and the caller can find out. A function that is 0 is not asked. */
struct policy_ask {
  bool (*is_full)(void *to, const char *mailbox); /* is it over its quota? policy_is_full */
  /* Would the host that a domain is relayed to take this recipient? d is accepted before; a refusal is filled in. */
  void (*verify)(void *to, const struct address *recipient, struct policy_decision *d);
  void *to;
};

struct policy_facts {
  enum policy_role role;
  bool is_tls;             /* the session is encrypted */
  bool is_trusted;         /* the client is in control/mynetworks */
  const char *ip;          /* the client's address as text; 0 or "": unknown */
  const char *helo;        /* what it calls itself; 0 or "": nothing */
  const char *fingerprint; /* SHA-256 of its certificate, in lower-case hex; 0 or "": it showed none */
  const char *login;       /* who has logged in; 0: nobody */
  const char *mailbox;     /* KEY of that login's mailbox; 0: none */
  const char *backend;     /* NAME of control/backends that this client is; 0: none */
  bool enforce_sender;     /* control/enforcesender */
  bool enforce_from;       /* control/enforcefrom */
  bool is_directory_old;   /* policy_directory_is_old */
  bool spoof_mx;           /* control/spoofmx */
  char delimiter;          /* control/recipientdelimiter; 0: no plus-addressing */
  const struct address *sender; /* of the envelope, at RCPT and for a route; 0: the null sender */
  bool is_tls_optional;    /* for a route: the message says TLS-Required: No (RFC 8689 5) */
  bool is_tls_report;      /* for a route: it is a report about TLS, whose own sessions are in none (RFC 8460 3) */
  const char *relay_order; /* control/relayorder; 0: the default */
  const char *always_bcc;  /* control/alwaysbcc; 0 or "": none */
  const struct policy_ask *ask; /* 0: nobody can be asked */
  const struct policy_trace *trace; /* 0: nobody looks */
  const char *me;          /* control/me */
  const char *postmaster;  /* who gets mail to a postmaster without an address of its own (policy_postmaster); "": none */
};

struct policy_decision {
  unsigned int code;  /* SMTP: 250, 4xx or 5xx */
  const char *status; /* RFC 3463: "5.1.1" */
  text text;          /* what stands behind them; this and from are ended by a NUL */
  const char *rule;   /* the name of the rule that decided */
  text from;          /* the file, or file and entry, that it read; "" if it is a rule of the protocol */
};
#define POLICY_DECISION_ZERO { 0, "", TEXT_ZERO, "", TEXT_ZERO }

bool policy_is_accepted(const struct policy_decision *d);
void policy_decision_free(struct policy_decision *d);
void policy_decide(struct policy_decision *d, unsigned int code, const char *status, const char *rule, const char *from);

/* Who the client is by the tables: sets is_trusted, and backend to the name in standing. False if they cannot be read. */
struct policy_standing {
  bool is_trusted; /* in control/mynetworks */
  text backend;    /* NAME of control/backends: by its login, its certificate or its network; "" */
};
#define POLICY_STANDING_ZERO { false, TEXT_ZERO }
bool policy_know_client(struct tables *tables, struct policy_facts *facts, struct policy_standing *standing);

/* Whom we do not know: not logged in, not in our networks, no backend, no local user. */
bool policy_is_stranger(const struct policy_facts *facts);

/* MAIL FROM. sender 0 is the null sender. Two decisions, because the second is told at RCPT (P-19), where the log can
   name the recipient: may this client begin at all, and may this sender send. The second asks in this order: block,
   spoofing, whose sender this is, is sending switched off (P-14). */
void policy_client(const struct policy_facts *facts, struct policy_decision *d);
void policy_sender(struct tables *tables, const struct policy_facts *facts, const struct address *sender,
                   struct policy_decision *d);

/* Is the message spared the filter, for its client or its sender (N-63)? "", "yes" or "av". */
const char *policy_bypass(struct tables *tables, const struct policy_facts *facts, const struct address *sender);

/* An address of the From field, when the message has come: the same about whose it is as for the sender (L-12), if the
   login has a list of senders, or control/enforcefrom is yes. */
void policy_from(struct tables *tables, const struct policy_facts *facts, const struct address *from,
                 struct policy_decision *d);

/* Is this recipient spared the filter (N-63)? By address, then by domain, of what the client said: "", "yes" or "av". */
const char *policy_bypass_recipient(struct tables *tables, const struct address *recipient);

/* Where a message goes, each destination once: by mailbox, and by address if it is not here. Whoever queues a message
   gives each recipient in the envelope the fact mailbox=KEY, so that it is not expanded twice. */
struct policy_destination {
  const char *address;  /* the mailbox's own, or the remote one */
  const char *mailbox;  /* KEY; "" if it is not here */
  const char *original; /* the address that was asked for, which may have led to many */
  const char *detail;   /* of plus-addressing: which folder; "" */
  const char *via;      /* the address of ours that forwards elsewhere; "" if nobody forwards */
  const char *bypass;   /* of the recipient (control/bypass): "yes", "av" (not even the virus filter) or "" */
  bool is_copy;         /* for an archive: null sender, no reports */
};
struct policy_destinations {
  text strings; /* address, mailbox, original, detail, via, bypass, "copy" or "", each ended by a NUL */
  struct names seen;
  struct names domains; /* those of the accepted recipients, for their copies */
  size_t count;
  size_t met; /* so many were added that were there already: whoever asks about one address clears it before */
  text met_address; /* of the last of them, ended by a NUL */
};
#define POLICY_DESTINATIONS_ZERO { TEXT_ZERO, NAMES_ZERO, NAMES_ZERO, 0, 0, TEXT_ZERO }

bool policy_destinations_next(const struct policy_destinations *all, size_t *at, struct policy_destination *one);
void policy_destinations_add(struct policy_destinations *all, const struct policy_destination *one); /* once each */
void policy_destinations_join(struct policy_destinations *all, const struct policy_destinations *more); /* and the domains */
void policy_destinations_see(struct policy_destinations *all);   /* all that are there are known, also if seen was cleared (LMTP) */
void policy_destinations_clear(struct policy_destinations *all); /* keeps the memory */
void policy_destinations_free(struct policy_destinations *all);

/* In which network of a kind ("mynetworks", "bypass", "backend") an address is: the record of the smallest one. */
enum lookup_result policy_network_find(struct tables *tables, const char *kind, const char *ip, text *record);

/* RCPT TO. An accepted recipient's destinations are added. An address without a domain is a postmaster or refused.
   A postmaster has an address always (RFC 5321 4.5.1): its own, that of all domains, or control/doublebounceto, or
   postmaster@ME; if there is none of them it is our fault, 451. */
void policy_recipient(struct tables *tables, const struct policy_facts *facts, const struct address *recipient,
                      struct policy_destinations *all, struct policy_decision *d);

/* The copies of an accepted message: control/alwaysbcc and copy= of each domain that a recipient was in, each once
   (N-22, N-103). An address that leads nowhere is passed over and named in skipped, ended by a NUL. */
void policy_copies(struct tables *tables, const struct policy_facts *facts, struct policy_destinations *all, text *skipped);

/* Does a destination need another sender than the envelope's, so that SPF holds there (lib/srs)? It leads elsewhere through an
   address of ours, and the sender (0: null) is not ours. domain: that address's. Whether at all is control/srs. */
bool policy_needs_srs(struct tables *tables, const struct address *sender, const struct policy_destination *one, text *domain);

/* The same without a client: for what this host itself sends (reports). An address that is not ours is a destination. */
void policy_expand(struct tables *tables, const struct policy_facts *facts, const struct address *recipient,
                   struct policy_destinations *all, struct policy_decision *d);

/* Control files into facts: each reads only what it names. */
char policy_delimiter(void);             /* control/recipientdelimiter: one character, or "no"; "+" */
void policy_always_bcc(text *address);   /* control/alwaysbcc: one address; "" if it is missing */
void policy_relay_order(text *order);    /* control/relayorder: sender, recipient and default, each once */
bool policy_enforce_sender(void);        /* control/enforcesender: "yes", "no"; anything else ends the program */
bool policy_directory_is_old(void);      /* control/directorymaxage: has the directory server not been heard of for longer? */
bool policy_enforce_from(void);          /* control/enforcefrom, the same */
bool policy_spoof_mx(void);              /* control/spoofmx, the same */
bool policy_is_full(void *to, const char *mailbox); /* is there a file state/full/KEY? to: not used */
void policy_postmaster(text *address);   /* control/doublebounceto (at control/doublebouncehost); "" if it is missing */

/* The route of one recipient at one attempt. */
enum policy_route_kind {
  POLICY_ROUTE_LATER = -1, /* the tables cannot be read */
  POLICY_ROUTE_NOWHERE,    /* for good: status and text say why */
  POLICY_ROUTE_MAILBOX,    /* to mailbox-spawn: mailbox */
  POLICY_ROUTE_HOP,        /* to smtp-send: hop */
  POLICY_ROUTE_SEVERAL     /* has no mailbox=KEY and leads to several, or elsewhere: queue it anew for policy_expand's */
};

struct policy_route {
  enum policy_route_kind kind;
  text mailbox;       /* MAILBOX: KEY. All texts here end with a NUL. */
  text hop;           /* HOP: the first packet to smtp-send (doc/calls.md, The hop). Equal hops are equal bytes. */
  const char *status; /* NOWHERE, LATER: RFC 3463 */
  text text;
  const char *rule;   /* the name of the rule that decided: "mailbox", "relay-default", "relay-domain", "mx", ... */
  text from;          /* the file or entry that it read */
};
#define POLICY_ROUTE_ZERO { POLICY_ROUTE_LATER, TEXT_ZERO, TEXT_ZERO, "", TEXT_ZERO, "", TEXT_ZERO }

/* One recipient of the envelope. mailbox: its fact of that name, 0 or "" if it has none. Of the facts, the sender and
   relay_order choose relay rules; me, postmaster and delimiter find an address of ours that came without a mailbox. */
struct policy_stop {
  const char *address, *mailbox;
  bool is_copy;
};
void policy_route(struct tables *tables, const struct policy_facts *facts, const struct policy_stop *stop,
                  struct policy_route *route);
void policy_route_free(struct policy_route *route);

#endif
