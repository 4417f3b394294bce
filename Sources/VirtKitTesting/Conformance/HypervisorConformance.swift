/// The cases that every `Hypervisor` must pass.
///
/// ```swift
/// for test in HypervisorConformance.cases {
///     print(test.name, await test.run(subject))
/// }
/// ```
public enum HypervisorConformance {
    /// All cases, in an order in which the simplest come first. Run them one after another: the last count the
    /// process's threads and descriptors.
    public static let cases: [ConformanceCase] =
        configurationCases + lifeCycleCases + stoppingCases + controlCases + consoleCases + eventCases + snapshotCases
        + resourceCases
}
