#include "deliver/seat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "lib/cidr.h"
#include "lib/conf.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/policy.h"

#define SEATS_FILE "postroom-sessions"

enum { TRUSTED_FACTOR = 5 };

/* Where a webmail or a proxy is, many people have one address. */
unsigned int seat_count(struct tables *policy, const char *ip)
{
  uint64_t max = conf_number("concurrencyimapuser", 20, SEAT_MAX / TRUSTED_FACTOR);
  text record = TEXT_ZERO;
  bool is_trusted = max && policy->file && policy_network_find(policy, "mynetworks", ip, &record) == LOOKUP_FOUND;

  text_free(&record);
  return (unsigned int)(is_trusted ? max * TRUSTED_FACTOR : max);
}

/* Where the seats of an address begin: of an IPv6 address, those of its /64. Two addresses that meet share their seats. */
static off_t first_seat(const char *string)
{
  text network = TEXT_ZERO;
  struct ip ip;

  if (ip_parse(&ip, string))
    cidr_add(&network, &ip, 32, 64);
  else
    text_add(&network, string);
  uint64_t hash = hash_add(HASH_START, network.s, network.len);
  text_free(&network);
  return (off_t)(hash >> 24) * SEAT_MAX;
}

bool seat_take(const char *ip, unsigned int max)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = first_seat(ip), .l_len = 1 };
  int fd = max ? open(SEATS_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;

  for (unsigned int i = 0; fd != -1 && i < max && i < SEAT_MAX; i++, lock.l_start++) {
    if (!fcntl(fd, F_OFD_SETLK, &lock)) return true;
    if (errno != EAGAIN && errno != EACCES) break;
  }
  if (!max || (fd != -1 && (errno == EAGAIN || errno == EACCES))) {
    if (fd != -1) close(fd);
    return !max;
  }
  log_event("trouble", "what", "count the sessions of a mailbox", "reason", strerror(errno), (char *)0);
  return true;
}
