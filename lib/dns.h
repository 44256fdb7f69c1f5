/* dns: what a name leads to, asked from the resolvers of /etc/resolv.conf through libresolv (retries, TCP, CNAME chains
   are the resolver's). The answers are parsed by dns_answer_parse, which does no I/O: they may be hostile. */

#ifndef LIB_DNS_H
#define LIB_DNS_H

#include "lib/text.h"

enum dns_result {
  DNS_LATER = -1, /* no answer, or a broken one: ask again later */
  DNS_ABSENT,     /* there is no such name */
  DNS_NOTHING,    /* the name is there, but not what was asked for */
  DNS_FOUND
};

enum dns_kind { DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_CNAME, DNS_TXT };

enum {
  DNS_RECORDS_MAX = 64,  /* of an answer; more are not looked at */
  DNS_TLSA_BYTES = 24000 /* of all TLSA records of an answer; digests need 64 each */
};

struct dns_record {
  enum dns_kind kind;
  unsigned int preference; /* MX */
  char name[256];          /* MX, PTR, CNAME: the host; letters, digits, '-', '_', '.', in lower case. TXT: what it says, printable
                              ASCII, as far as it fits */
  char address[46];        /* A, AAAA: as text */
};

struct dns_list {
  struct dns_record records[DNS_RECORDS_MAX];
  unsigned int count;
  bool is_null_mx; /* RFC 7505: this domain takes no mail */
  bool is_cut;     /* more did not fit into the packet; dns_find asks again by TCP */
  bool is_secure;  /* the whole answer, a negative one too, was validated by DNSSEC: a resolver that is trusted says so (its AD bit), or it
                      is of /etc/hosts */
  char owner[256]; /* whose the records are: the name that was asked for, or where its CNAMEs lead; "" if there are none */
};

/* TLSA (RFC 6698 2.1): with which certificates the server of a name is to be believed. */
struct dns_tlsa {
  unsigned int usage, selector, matching;
  size_t start, length; /* of what is to be matched, in the list's data */
};

struct dns_tlsa_list {
  struct dns_tlsa records[DNS_RECORDS_MAX];
  unsigned int count;
  bool is_secure;
  text data;
};
#define DNS_TLSA_LIST_ZERO { .count = 0, .data = TEXT_ZERO }

/* Fills the list. MX come in the order in which they are to be tried: by preference, equal ones by chance (RFC 5321 5.1). */
enum dns_result dns_find(const char *name, enum dns_kind kind, struct dns_list *list);
enum dns_result dns_find_tlsa(const char *name, unsigned int port, struct dns_tlsa_list *list); /* _PORT._tcp.NAME */

/* Is what the resolver says of DNSSEC to be believed? control/trustresolver; without it: if all of /etc/resolv.conf are on this host. */
bool dns_is_trusted(void);
struct __res_state;
bool dns_trusts(const struct __res_state *resolver); /* the same of one that libresolv has prepared */

/* The addresses of a name in the bytes of /etc/hosts. */
enum dns_result dns_hosts_parse(const char *bytes, size_t length, const char *name, enum dns_kind kind,
                                struct dns_list *list);

/* Many questions at once, over UDP alone: it takes no longer than the slowest, and ends at a time that the caller sets. */
struct dns_question {
  char name[256];
  enum dns_kind kind;
  enum dns_result result; /* DNS_LATER: nothing came in time */
  struct dns_list list;
  /* the asker's */
  unsigned char packet[512];
  int packet_length, fd;
  unsigned int tries;
  int64_t sent_ms;
  bool is_done;
};
void dns_question_set(struct dns_question *q, const char *name, enum dns_kind kind); /* no such name, as long as it was not asked */
int64_t dns_now_ms(void); /* of the monotonic clock */
bool dns_ask(struct dns_question *all, size_t count, int64_t until_ms, int asker); /* false: the asker, a socket, hung up */

/* The bytes of an answer, in the order of its records. is_secure is what its AD bit says, whoever it is from. */
enum dns_result dns_answer_parse(const unsigned char *bytes, size_t length, enum dns_kind kind, struct dns_list *list);
enum dns_result dns_answer_parse_tlsa(const unsigned char *bytes, size_t length, struct dns_tlsa_list *list);

/* By preference, equal ones in the order of random numbers. */
void dns_order(struct dns_list *list, uint32_t (*random)(void));

/* False if no question can be asked for this name: empty, too long, or other bytes than a host name's. */
bool dns_name_check(const char *name);

#endif
