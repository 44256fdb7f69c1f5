#include "send/hosts.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
  const struct hosts_one *one = a, *other = b;

  if (one->rank != other->rank) return one->rank < other->rank ? -1 : 1;
  return one->lot < other->lot ? -1 : one->lot > other->lot;
}

void send_hosts_sort(struct hosts *h, const text *record, uint32_t (*random)(void))
{
  size_t at = 0, key_length;
  unsigned int rank = 0;

  h->count = 0;
  h->all[h->count++] = (struct hosts_one){ .lot = random ? random() : 0 };
  for (const char *pair; h->count < HOSTS_MAX && (pair = record_walk(record, &at, &key_length));) {
    bool is_next = key_length == 4 && !memcmp(pair, "next", 4);
    if (!is_next && (key_length != 5 || memcmp(pair, "equal", 5))) continue;
    rank += is_next;
    h->all[h->count] = (struct hosts_one){ .value = pair + key_length + 1, .rank = rank, .lot = random ? random() : h->count };
    h->count++;
  }
  qsort(h->all, h->count, sizeof *h->all, compare);
}

bool send_hosts_split(const char *value, text *name, unsigned int *port)
{
  const char *colon = strrchr(value, ':');
  size_t length = colon ? (size_t)(colon - value) : 0;
  uint64_t number;

  if (!length || !number_scan(colon + 1, 65535, &number) || !number) return false;
  if (*value == '[' && value[length - 1] == ']') value++, length -= 2;
  text_copy_bytes(name, value, length);
  *port = (unsigned int)number;
  return length > 0;
}
