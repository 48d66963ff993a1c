/**
 * Functions of the C library, which stand in for `Deno.UnsafePointer`: looking a symbol up in a library
 * also searches the libraries that it is linked against.
 */
import { ptr } from "../pointers.ts";

export const LIBC = {
  read: {
    name: "memcpy",
    parameters: [
      "buffer", // void *dest
      "usize", // const void *src
      "usize", // size_t n
    ],
    result: "usize",
  },
  write: {
    name: "memcpy",
    parameters: [
      "usize", // void *dest
      "buffer", // const void *src
      "usize", // size_t n
    ],
    result: "usize",
  },
  copy: {
    name: "memcpy",
    parameters: [
      "usize", // void *dest
      "usize", // const void *src
      "usize", // size_t n
    ],
    result: "usize",
  },
  memset: {
    parameters: [
      ptr("void"), // void *s
      "i32", // int c
      "usize", // size_t n
    ],
    result: "usize",
  },
  strnlen: {
    parameters: [
      ptr("char"), // const char *s
      "usize", // size_t maxlen
    ],
    result: "usize",
  },
  dlsym: {
    parameters: [
      "usize", // void *handle
      "buffer", // const char *symbol
    ],
    result: "usize",
  },
  getsockname: {
    parameters: [
      "i32", // int sockfd
      "buffer", // struct sockaddr *addr
      "buffer", // socklen_t *addrlen
    ],
    result: "i32",
  },
  getsockopt: {
    parameters: [
      "i32", // int sockfd
      "i32", // int level
      "i32", // int optname
      "buffer", // void *optval
      "buffer", // socklen_t *optlen
    ],
    result: "i32",
  },
  setsockopt: {
    parameters: [
      "i32", // int sockfd
      "i32", // int level
      "i32", // int optname
      "buffer", // const void *optval
      "u32", // socklen_t optlen
    ],
    result: "i32",
  },
  clock_gettime: {
    parameters: [
      "i32", // clockid_t clockid
      "buffer", // struct timespec *tp
    ],
    result: "i32",
  },
  clock_getres: {
    parameters: [
      "i32", // clockid_t clockid
      "buffer", // struct timespec *res
    ],
    result: "i32",
  },
  mallopt: {
    parameters: [
      "i32", // int param
      "i32", // int value
    ],
    result: "i32",
  },
  ioctl: {
    parameters: [
      "i32", // int fd
      "usize", // unsigned long request
      "buffer", // void *argp
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;
