using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// The versions of Postgres that the tests can run on: the local host's, which is the newest, and the oldest that is
/// supported.
/// </summary>
internal static class PostgresVersions
{
    /// <summary>The environment variable that chooses the major version for the whole suite.</summary>
    public const string Variable = "CHUNKSTREAM_TESTS_POSTGRES";

    private const string OldestMajor = "15";
    private const string OldestVersion = "15.18.0-beta.17";

    /// <summary>The programs that the environment asks for; null for the local host's own.</summary>
    public static NpmPackage? Chosen => Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" => null,
        OldestMajor => Oldest,
        var other => throw new InvalidOperationException(
            $"{Variable} is {other}: it can be {OldestMajor}, or unset for the version of the local host."),
    };

    /// <summary>The programs of the oldest version that is supported.</summary>
    public static NpmPackage Oldest
    {
        get
        {
            var package = PostgresBinaries.Package();
            return package with { Version = OldestVersion, Lock = Lock(package.Name) };
        }
    }

    private static string Lock(string package)
    {
        var name = $"npm/{package.TrimStart('@').Replace('/', '-')}-{OldestVersion}.json";
        using var stream = typeof(PostgresVersions).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The tests have no lock {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
