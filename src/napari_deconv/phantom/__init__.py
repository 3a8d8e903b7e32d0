"""Parts with known geometry: solids, gauges and the assemblies that samples are exposed from."""
