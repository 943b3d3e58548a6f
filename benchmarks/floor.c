/* The floor: a forwarder with nothing but what forwarding needs. Reads a batch, decrypts, rewrites twelve bytes, encrypts,
 * sends the batch. No ICE, no DTLS, no RTCP; every leg has the same key, and leg i is wired to leg i^1.
 *
 *   floor CIPHER KEYHEX PORT...   prints the port it listens on, and forwards until it is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, ROOM = 2048, MAX_LEGS = 1024 };

static srtp_t session(int gcm, unsigned char *key, srtp_ssrc_type_t direction) {
    srtp_policy_t policy;
    srtp_t made;
    memset(&policy, 0, sizeof policy);
    if (gcm) {
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_rtp_default(&policy.rtp);
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
    }
    policy.ssrc.type = direction;
    policy.key = key;
    policy.window_size = 1024;
    policy.allow_repeat_tx = 1;
    if (srtp_create(&made, &policy) != srtp_err_status_ok) exit(2);
    return made;
}

int main(int argc, char **argv) {
    static unsigned char buffers[BATCH][ROOM], key[64];
    static struct mmsghdr in[BATCH], out[BATCH];
    static struct iovec vectors[BATCH], out_vectors[BATCH];
    static struct sockaddr_in from[BATCH], peers[MAX_LEGS];
    static srtp_t receive[MAX_LEGS], transmit[MAX_LEGS];
    static int leg_of_port[65536];
    if (argc < 5 || argc - 3 > MAX_LEGS) return 1;
    int gcm = strcmp(argv[1], "AES-256-GCM") == 0, legs = argc - 3;
    for (size_t i = 0; i < strlen(argv[2]) / 2; i++) sscanf(argv[2] + 2 * i, "%2hhx", &key[i]);
    srtp_init();
    memset(leg_of_port, -1, sizeof leg_of_port);
    for (int i = 0; i < legs; i++) {
        peers[i].sin_family = AF_INET;
        peers[i].sin_port = htons(atoi(argv[3 + i]));
        peers[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        leg_of_port[atoi(argv[3 + i])] = i;
        receive[i] = session(gcm, key, ssrc_any_inbound);
        transmit[i] = session(gcm, key, ssrc_any_outbound);
    }
    int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    bind(fd, (struct sockaddr *)&here, sizeof here);
    getsockname(fd, (struct sockaddr *)&here, &length);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            vectors[i] = (struct iovec){buffers[i], ROOM};
            in[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
        }
        int got = recvmmsg(fd, in, BATCH, MSG_WAITFORONE, NULL), sending = 0;
        for (int i = 0; i < got; i++) {
            int leg = leg_of_port[ntohs(from[i].sin_port)], bytes = in[i].msg_len;
            if (leg < 0 || srtp_unprotect(receive[leg], buffers[i], &bytes) != srtp_err_status_ok) continue;
            int to = leg ^ 1;
            buffers[i][8] ^= 0x55; /* another SSRC */
            if (srtp_protect(transmit[to], buffers[i], &bytes) != srtp_err_status_ok) continue;
            out_vectors[sending] = (struct iovec){buffers[i], bytes};
            out[sending].msg_hdr = (struct msghdr){.msg_name = &peers[to], .msg_namelen = sizeof peers[to], .msg_iov = &out_vectors[sending], .msg_iovlen = 1};
            sending++;
        }
        if (sending) sendmmsg(fd, out, sending, 0);
    }
}
