/* pump: carries bytes between a TLS connection and the plaintext socket of the program that speaks over it, both ways,
   until both sides have said all. An end on one side becomes an end on the other: close_notify and shutdown. While
   nothing moves it costs no CPU and gives its memory back. */

#ifndef AUTH_PUMP_H
#define AUTH_PUMP_H

#include "lib/tls.h"

/* socket: the one under tls. False if there is no memory for the buffers. */
bool auth_pump_run(struct tls *tls, int socket, int plain);

#endif
