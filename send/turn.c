#include "send/turn.h"

#include "send/attempt.h"

enum { MESSAGES = 100, TURN_MS = 5000 };

void send_turn_again(struct send_schedule *s, struct send_link *l)
{
  struct send_lane *lane = l->lane;

  if (l->socket == -1 || l->attempt || l->service != SEND_SMTP || !send_lane_has_line(lane) || !send_link_has_room(s, lane)) return;
  if (!l->in_turn++) l->turn_since_ms = s->now_ms;
  if (l->in_turn < MESSAGES && s->now_ms - l->turn_since_ms < TURN_MS)
    send_attempt_turn(s, send_lane_take(&s->lanes, lane), lane);
  else
    l->in_turn = 0;
}
