using ChunkStream.Functions.Tests.Support;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer(
    "ChunkStream.Functions.Tests.Support." + nameof(SharedFirst), "ChunkStream.Functions.Tests")]

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// Begins with the collections whose classes share a database, then those that share something else. The classes of one
/// run one after another, so that each of them takes minutes, and the end of the last one is the end of all.
/// </summary>
public sealed class SharedFirst : ITestCollectionOrderer
{
    /// <inheritdoc />
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections)
        => testCollections
            .OrderBy(collection => collection.DisplayName
                is not (RealPostgres.Collection or RealPostgres.StreamsAndClients))
            .ThenBy(collection => collection.CollectionDefinition is null)
            .ThenBy(collection => collection.DisplayName, StringComparer.Ordinal);
}
