//! A real control plane for tests: etcd, kube-apiserver and kube-controller-manager built from pinned Go modules, and a storage
//! driver whose volumes are directories, so that lost data is a missing file.
