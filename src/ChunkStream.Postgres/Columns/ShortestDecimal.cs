using System.Numerics;

namespace ChunkStream.Postgres.Columns;

/// <summary>
/// The shortest decimal that reads back as the same float, and of those the one nearest to it, as Postgres finds it.
/// </summary>
/// <remarks>
/// R. Giulietti, "The Schubfach way to render doubles" (2021), with one difference: as in Postgres (ryu, without
/// STRICTLY_SHORTEST), a decimal on the very border between two floats stands for neither. This is several times as
/// fast as the framework's TryFormat, which accepts a decimal on the border, and there gives other digits than
/// Postgres.
/// </remarks>
internal static class ShortestDecimal
{
    private const int MinPower = -292;
    private const int MaxPower = 324;

    // 10^k as 128 bits of its binary digits, rounded up: high and low half.
    private static readonly (ulong High, ulong Low)[] Powers =
        [.. Enumerable.Range(MinPower, MaxPower - MinPower + 1).Select(PowerOf10)];

    /// <summary>
    /// Computes the decimal of a finite number that is not 0: <c>digits * 10^exponent</c> is its absolute value. Digits
    /// may end in zeros.
    /// </summary>
    public static (ulong Digits, int Exponent) Compute(double number)
    {
        const int FractionBits = 52;
        var bits = BitConverter.DoubleToUInt64Bits(number);
        var fraction = bits & ((1UL << FractionBits) - 1);
        var biased = (int)(bits >> FractionBits) & 0x7FF;
        var significand = biased == 0 ? fraction : fraction | (1UL << FractionBits);
        var exponent = Math.Max(biased, 1) - 1075;
        if (exponent is <= 0 and >= -FractionBits && (significand & ((1UL << -exponent) - 1)) == 0)
            return (significand >> -exponent, 0);

        var (power, shift, isCloserBelow) = Scale(exponent, fraction == 0 && biased > 1);
        var (high, low) = Powers[-power - MinPower];
        return Choose(
            RoundToOdd(high, low, ((4 * significand) - 2 + isCloserBelow) << shift) + 1,
            RoundToOdd(high, low, (4 * significand) << shift),
            RoundToOdd(high, low, ((4 * significand) + 2) << shift) - 1,
            power);
    }

    /// <inheritdoc cref="Compute(double)" />
    public static (ulong Digits, int Exponent) Compute(float number)
    {
        const int FractionBits = 23;
        var bits = BitConverter.SingleToUInt32Bits(number);
        var fraction = bits & ((1U << FractionBits) - 1);
        var biased = (int)(bits >> FractionBits) & 0xFF;
        var significand = biased == 0 ? fraction : fraction | (1U << FractionBits);
        var exponent = Math.Max(biased, 1) - 150;
        if (exponent is <= 0 and >= -FractionBits && (significand & ((1U << -exponent) - 1)) == 0)
            return (significand >> -exponent, 0);

        var (power, shift, isCloserBelow) = Scale(exponent, fraction == 0 && biased > 1);
        var (high, low) = Powers[-power - MinPower];
        var factor = low == 0 ? high : high + 1;
        return Choose(
            RoundToOdd(factor, ((4 * significand) - 2 + (uint)isCloserBelow) << shift) + 1,
            RoundToOdd(factor, (4 * significand) << shift),
            RoundToOdd(factor, ((4 * significand) + 2) << shift) - 1,
            power);
    }

    // The power of ten of the last digit, how far a significand is shifted before it is multiplied with that power, and
    // 1 where the next float below is half as far away as the one above.
    private static (int Power, int Shift, ulong IsCloserBelow) Scale(int exponent, bool isCloserBelow)
    {
        var power = ((exponent * 1_262_611) - (isCloserBelow ? 524_031 : 0)) >> 22;
        return (power, exponent + FloorLog2Of10To(-power) + 1, isCloserBelow ? 1UL : 0);
    }

    /// <summary>Chooses the decimal, from four times the value and the limits of what reads back as it.</summary>
    private static (ulong Digits, int Exponent) Choose(ulong lower, ulong value, ulong upper, int power)
    {
        var digits = value / 4;
        if (digits >= 10)
        {
            var shorter = digits / 10;
            var isBelowInside = lower <= 40 * shorter;
            var isAboveInside = (40 * shorter) + 40 <= upper;
            if (isBelowInside != isAboveInside)
                return (shorter + (isAboveInside ? 1UL : 0), power + 1);
        }

        var isInside = lower <= 4 * digits;
        var isNextInside = (4 * digits) + 4 <= upper;
        if (isInside != isNextInside)
            return (digits + (isNextInside ? 1UL : 0), power);

        var middle = (4 * digits) + 2;
        return (digits + (value > middle || (value == middle && (digits & 1) != 0) ? 1UL : 0), power);
    }

    private static ulong RoundToOdd(ulong high, ulong low, ulong factor)
    {
        var carry = Math.BigMul(low, factor, out _);
        var upper = Math.BigMul(high, factor, out var middle);
        var sum = middle + carry;
        return (upper + (sum < middle ? 1UL : 0)) | (sum > 1 ? 1UL : 0);
    }

    private static ulong RoundToOdd(ulong power, uint factor)
    {
        var upper = Math.BigMul(power, factor, out var lower);
        return (uint)upper | ((uint)(lower >> 32) > 1 ? 1UL : 0);
    }

    private static int FloorLog2Of10To(int power) => (power * 1_741_647) >> 19;

    private static (ulong High, ulong Low) PowerOf10(int power)
    {
        var shift = FloorLog2Of10To(power) - 127;
        var numerator = (power > 0 ? BigInteger.Pow(10, power) : 1) << Math.Max(-shift, 0);
        var denominator = (power < 0 ? BigInteger.Pow(10, -power) : 1) << Math.Max(shift, 0);
        var rounded = (numerator + denominator - 1) / denominator;
        return ((ulong)(rounded >> 64), (ulong)(rounded & ulong.MaxValue));
    }
}
