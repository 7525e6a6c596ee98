// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs many programs, each of them another copy of one file.
 *
 *   many PROGRAM DIRECTORY COUNT temporary   in directories of their own, named by mkdtemp()
 *                                words       by names that are words
 *                                same        by one path, where one takes the place of another
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 20];
static ssize_t length;

static void fail(const char *what)
{
	fprintf(stderr, "many: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void read_program(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		fail(path);
	length = read(fd, text, sizeof(text));
	close(fd);
}

/* A file that is there already is kept under another name, so that the next has another inode. */
static void write_program(const char *path)
{
	static unsigned int kept;
	char aside[4096];
	int fd;

	snprintf(aside, sizeof(aside), "%s.%u", path, kept++);
	if (rename(path, aside) && errno != ENOENT)
		fail(path);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0755);
	if (fd < 0 || write(fd, text, length) != length || close(fd))
		fail(path);
}

static void run(char *path)
{
	char *arguments[] = { path, NULL };
	pid_t child = vfork();
	int status;

	if (child == 0) {
		execv(path, arguments);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		fail(path);
}

/* As many different words as there are numbers, each of small letters, of one length. */
static void word(char *to, unsigned long n)
{
	memset(to, 0, 16);
	for (int i = 0; i < 8; i++, n /= 26)
		to[i] = 'a' + n % 26;
}

int main(int argc, char **argv)
{
	char path[4096], name[16];

	if (argc != 5) {
		fprintf(stderr, "usage: many PROGRAM DIRECTORY COUNT temporary|words|same\n");
		return 2;
	}
	read_program(argv[1]);
	for (unsigned long n = 0; n < strtoul(argv[3], NULL, 10); n++) {
		word(name, n);
		if (!strcmp(argv[4], "temporary")) {
			snprintf(path, sizeof(path), "%s/tmp.XXXXXX", argv[2]);
			if (!mkdtemp(path))
				fail(path);
			strcat(path, "/conftest");
		} else {
			snprintf(path, sizeof(path), "%s/%s", argv[2], strcmp(argv[4], "words") ? "conftest" : name);
		}
		write_program(path);
		run(path);
	}
	return 0;
}
