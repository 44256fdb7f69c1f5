#include "send/limit.h"
#include "send/link.h"

/* A quarter is kept for destinations that have no connection, so that one that holds its connections for long, however many it
   has, does not delay another. One that has some may have more than its share only as long as half of the rest is free. */
static bool pool_has_room(const struct send_schedule *s, const struct send_lane *lane)
{
  unsigned int most = s->settings.remote_max, kept = most > 1 ? (most + 3) / 4 : 0, general = most - kept;
  unsigned int busy = s->links_remote - s->links_idle, share = s->lanes.busy ? general / s->lanes.busy : general;

  if (!lane->active) return busy < most;
  return busy < general && (lane->active < share || busy < general / 2);
}

bool send_link_has_room(const struct send_schedule *s, const struct send_lane *lane)
{
  enum send_service service = lane->kind == SEND_LANE_LOCAL ? SEND_DELIVER : SEND_SMTP;

  if (s->is_stopping || s->now_ms < s->away_until_ms[service] || !send_lane_has_room(lane)) return false;
  if (service == SEND_DELIVER) return true;
  return !send_lane_is_limited(lane, s->now_ms) && send_limit_has_connection(s, lane) && pool_has_room(s, lane);
}
