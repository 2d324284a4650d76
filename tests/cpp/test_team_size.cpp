#include "catch.h"
#include "recurra/base/team_size.h"

using recurra::TeamSize;
using std::chrono::milliseconds;

namespace {

// A team on a made-up clock.
struct Team {
  TeamSize size;
  TeamSize::Clock::time_point now;

  int threads(int most = 2) { return size.threads(most, now); }
  void region(int threads, milliseconds total, milliseconds waited) {
    now += total;
    size.note(threads, total, waited, now);
  }
};

}  // namespace

TEST_CASE("A team that waits little keeps its size", "[team]") {
  Team team;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(team.threads() == 2);
    team.region(2, milliseconds(2), milliseconds(i % 2));
  }
}

TEST_CASE("A team that waits longer than one thread would work becomes smaller", "[team]") {
  Team team;
  CHECK(team.threads() == 2);
  team.region(2, milliseconds(5), milliseconds(4));
  CHECK(team.threads() == 1);
}

TEST_CASE("A smaller team tries its whole size again, ever later while the machine stays busy", "[team]") {
  Team team;
  milliseconds before{0};
  for (int round = 0; round < 10; ++round) {
    REQUIRE(team.threads() == 2);
    team.region(2, milliseconds(5), milliseconds(4));
    milliseconds paused{0};
    for (; team.threads() == 1; ++paused) team.now += milliseconds(1);
    CHECK(paused >= before);
    CHECK(paused <= milliseconds(640));
    before = paused;
  }
  CHECK(before == milliseconds(640));
}

TEST_CASE("A machine that is free again is trusted again", "[team]") {
  Team team;
  for (int round = 0; round < 10; ++round) {
    team.region(2, milliseconds(5), milliseconds(4));
    team.now += milliseconds(1000);
    (void)team.threads();
  }
  for (int i = 0; i < 20; ++i) team.region(2, milliseconds(2), milliseconds(0));
  team.region(2, milliseconds(50), milliseconds(49));  // one disturbance
  CHECK(team.threads() == 1);
  team.now += milliseconds(11);
  CHECK(team.threads() == 2);
}

TEST_CASE("A large team shrinks by a part at a time", "[team]") {
  Team team;
  int threads = team.threads(64);
  CHECK(threads == 64);
  for (int before = threads; before > 1; before = threads) {
    team.region(threads, milliseconds(5), milliseconds(4));
    threads = team.threads(64);
    REQUIRE(threads < before);
    REQUIRE(threads >= before * 3 / 4 - 1);
  }
}

TEST_CASE("A region that cannot use the whole team gets what it can use", "[team]") {
  Team team;
  CHECK(team.threads(3) == 3);
  team.region(64, milliseconds(5), milliseconds(4));
  CHECK(team.threads(3) == 3);
  CHECK(team.threads(64) == 48);
}
