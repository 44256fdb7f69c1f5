#include <stdbool.h>
#include <unistd.h>

#include "lib/call.h"
#include "queue/notice.h"

static bool send_on(int socket, const text *notice) { return socket != -1 && call_send(socket, notice, 0, 0); }

void queue_notice_send(const char *id)
{
  static text notice = TEXT_ZERO;
  static int socket = -1; /* kept open from message to message */
  static bool is_missed;

  text_clear(&notice);
  record_add(&notice, "what", "new");
  record_add(&notice, "id", id);
  if (is_missed) record_add(&notice, "missed", "yes");
  if (send_on(socket, &notice)) {
    is_missed = false;
    return;
  }
  if (socket != -1) close(socket);
  socket = call_open_now("send-schedule");
  is_missed = !send_on(socket, &notice);
}
