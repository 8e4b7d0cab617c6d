using CsCheck;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// Property tests by CsCheck with the same values in every run. The environment variable <c>CsCheck_Seed</c> starts
/// them elsewhere, and <c>CsCheck_Iter</c> tries more values.
/// </summary>
internal static class Property
{
    private const ulong FirstSeed = 20261126;

    /// <summary>
    /// Fails if the property does not hold for a value. CsCheck then looks for a smaller value, and tells it with its
    /// seed.
    /// </summary>
    /// <param name="values">Makes the values.</param>
    /// <param name="count">How many to try.</param>
    /// <param name="property">Throws where it does not hold.</param>
    /// <param name="print">How a value is told.</param>
    public static void Holds<T>(this Gen<T> values, int count, Action<T> property, Func<T, string>? print = null)
    {
        var random = First();
        for (var left = Count(count); left > 0; left--)
        {
            var seed = random.ToString();
            try
            {
                property(values.Generate(random, null, out _));
            }
            catch
            {
                // Begins with the same value, and looks for smaller ones. Its exception tells the value and its seed.
                values.Sample(property, seed: seed, iter: Math.Max(1000, count), threads: 1, print: print);
                throw;
            }
        }
    }

    /// <inheritdoc cref="Holds"/>
    public static async Task HoldsAsync<T>(
        this Gen<T> values, int count, Func<T, Task> property, Func<T, string>? print = null)
    {
        var random = First();
        for (var left = Count(count); left > 0; left--)
        {
            var seed = random.ToString();
            try
            {
                await property(values.Generate(random, null, out _));
            }
            catch
            {
                await values.SampleAsync(property, seed: seed, iter: Math.Max(200, count), threads: 1, print: print);
                throw;
            }
        }
    }

    private static PCG First() => Check.Seed is { } seed ? PCG.Parse(seed) : new PCG(stream: 0, FirstSeed);

    private static long Count(int count)
        => Environment.GetEnvironmentVariable("CsCheck_Iter") is null ? count : Check.Iter;
}
