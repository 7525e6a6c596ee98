/*
 * sites N: checks of one capability in one system call, asked by two functions of the kernel.
 *
 * N times SO_MARK and N / 3 times IP_TRANSPARENT, in turn: setsockopt asks for CAP_NET_RAW, in
 * sk_setsockopt() for the one, in do_ip_setsockopt() for the other, and from 6.1 on both by way of
 * sockopt_ns_capable(). Run it with that capability; else it is refused, and CAP_NET_ADMIN asked for.
 *
 * Exit status: 0, or 2 when a step failed (with a line on stderr).
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	long number = argc == 2 ? atol(argv[1]) : 0;
	int s = socket(AF_INET, SOCK_DGRAM, 0), one = 1;

	if (number <= 0) {
		fputs("usage: sites N\n", stderr);
		return 2;
	}
	for (long i = 1; i <= number; i++) {
		if (setsockopt(s, SOL_SOCKET, SO_MARK, &one, sizeof(one)) ||
		    (i % 3 == 0 && setsockopt(s, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof(one)))) {
			perror("sites: setsockopt");
			return 2;
		}
	}
	return 0;
}
