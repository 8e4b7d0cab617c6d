using ChunkStream.Postgres.Resuming;

namespace ChunkStream.Functions.Tests.Postgres.Resuming;

public sealed class SipHashTests
{
    // The values are from appendix A of the paper, and from the vectors of its reference implementation.
    [Theory]
    [InlineData(0, 0x726fdb47dd0e0e31)]
    [InlineData(1, 0x74f839c593dc67fd)]
    [InlineData(7, 0xab0200f58b01d137)]
    [InlineData(8, 0x93f5f5799a932462)]
    [InlineData(15, 0xa129ca6149be45e5)]
    public void A_signature_is_the_one_of_the_paper(int length, ulong signature)
        => Assert.Equal(signature, SipHash.Compute(Bytes(16), Bytes(length)));

    private static byte[] Bytes(int count) => [.. Enumerable.Range(0, count).Select(value => (byte)value)];
}
