/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * quoted PORT: tells whoever connects the quote of the day, as in RFC 865.
 * quoted --selftest PORT: opens the port, asks itself once, and says whether the answer was right.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char quote[] = "Grant what is needed, and nothing besides.\r\n";

static struct sockaddr_in address(const char *port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int listening(const char *port)
{
	struct sockaddr_in at = address(port);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		err(1, "socket");
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 8))
		err(1, "port %s", port);
	return fd;
}

static void serve(int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		err(1, "accept");
	if (write(fd, quote, sizeof(quote) - 1) != sizeof(quote) - 1)
		warn("write");
	close(fd);
}

/* The exit status of one who asks. */
static int ask(const char *port)
{
	struct sockaddr_in at = address(port);
	char answer[sizeof(quote)] = "";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		err(1, "connect");
	if (recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) < 0)
		err(1, "recv");
	return strcmp(answer, quote) ? 1 : 0;
}

int main(int argc, char **argv)
{
	int listener, status;

	if (argc == 2) {
		listener = listening(argv[1]);
		for (;;)
			serve(listener);
	}
	if (argc != 3 || strcmp(argv[1], "--selftest"))
		errx(2, "usage: quoted [--selftest] PORT");

	listener = listening(argv[2]);
	if (!fork())
		_exit(ask(argv[2]));
	serve(listener);
	wait(&status);
	return status ? 1 : 0;
}
