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

enum dns_kind { DNS_A, DNS_AAAA, DNS_MX, DNS_PTR, DNS_TXT };

enum { DNS_RECORDS_MAX = 64 }; /* of an answer; more are not looked at */

struct dns_record {
  enum dns_kind kind;
  unsigned int preference; /* MX */
  char name[256];          /* MX, PTR: the host; letters, digits, '-', '_', '.', in lower case. TXT: what it says, printable
                              ASCII, as far as it fits */
  char address[46];        /* A, AAAA: as text */
};

struct dns_list {
  struct dns_record records[DNS_RECORDS_MAX];
  unsigned int count;
  bool is_null_mx; /* RFC 7505: this domain takes no mail */
};

/* Fills the list. MX come in the order in which they are to be tried: by preference, equal ones by chance (RFC 5321 5.1). */
enum dns_result dns_find(const char *name, enum dns_kind kind, struct dns_list *list);

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
int64_t dns_now_ms(void); /* of the monotonic clock */
bool dns_ask(struct dns_question *all, size_t count, int64_t until_ms, int asker); /* false: the asker, a socket, hung up */

/* /etc/hosts, then the resolver. */
enum dns_result dns_find_host(const char *name, enum dns_kind kind, struct dns_list *list);

/* The bytes of an answer, in the order of its records. */
enum dns_result dns_answer_parse(const unsigned char *bytes, size_t length, enum dns_kind kind, struct dns_list *list);

/* By preference, equal ones in the order of random numbers. */
void dns_order(struct dns_list *list, uint32_t (*random)(void));

/* False if no question can be asked for this name: empty, too long, or other bytes than a host name's. */
bool dns_name_check(const char *name);

#endif
