// The families of benchmarks; each function registers one.
#pragma once

namespace recurra::bench {

void add_functions();
void add_products();
void add_convolutions();
void add_cells();
void add_streaming();

}  // namespace recurra::bench
