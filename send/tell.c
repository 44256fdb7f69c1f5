#include "send/tell.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/conf.h"
#include "lib/log.h"

enum { PACKET_ROOM = CALL_PACKET_MAX - 64 };

/* A policy may be as large as a packet: its last lines are left out then, tls-report keeps fewer anyway. */
static void fill(text *packet, const text *session)
{
  size_t at = 0, others = 0, key_length;

  for (const char *pair; (pair = record_walk(session, &at, &key_length));)
    if (strncmp(pair, "line=", 5)) others += strlen(pair) + 1;
  for (at = 0; at < session->len;) {
    const char *pair = record_walk(session, &at, &key_length);
    size_t length = strlen(pair) + 1;
    bool is_line = !strncmp(pair, "line=", 5);
    if (is_line ? packet->len + others + length <= PACKET_ROOM : packet->len + length <= PACKET_ROOM) text_add_bytes(packet, pair, length);
    if (!is_line) others -= length;
  }
}

void send_tell(const text *session)
{
  static uint64_t missed;
  text packet = TEXT_ZERO;

  if (!conf_is_yes("tlsreport", true)) return;
  record_add(&packet, "what", "session");
  if (missed) record_add_number(&packet, "missed", missed);
  fill(&packet, session);
  int socket = call_open_now("tls-report");
  if (socket != -1 && call_send(socket, &packet, 0, 0))
    missed = 0;
  else {
    missed++;
    log_event("untold", "domain", record_get(session, "domain"), "error", strerror(errno), (char *)0);
  }
  if (socket != -1) close(socket);
  text_free(&packet);
}
