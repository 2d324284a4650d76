// Catch2 in whichever version is installed.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

// Defined where ThreadSanitizer watches; GCC and Clang say so each in its own way.
#if defined(__SANITIZE_THREAD__)
#define RECURRA_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RECURRA_THREAD_SANITIZER
#endif
#endif
