namespace ChunkStream.Benchmarks.Micro;

/// <summary>A generator whose items are in memory, so that what is measured is the engine's own work.</summary>
internal static class InMemory
{
    /// <summary>Gives the items over and over.</summary>
    public static async IAsyncEnumerable<T> Repeat<T>(T[] items, int count)
    {
        await Task.CompletedTask;
        for (var (number, index) = (0, 0); number < count; number++)
        {
            yield return items[index];
            index = index + 1 < items.Length ? index + 1 : 0;
        }
    }
}
