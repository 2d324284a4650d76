"""Layers that weigh the steps of one sequence by how well they fit those of another, and the blocks around them."""

from recurra.layers.attention.attention_rnn import AttentionRNN
from recurra.layers.attention.decoder import TransformerDecoder
from recurra.layers.attention.encoder import TransformerEncoder
from recurra.layers.attention.grouped_query import GroupedQueryAttention
from recurra.layers.attention.hierarchical import HierarchicalAttentionEncoder
from recurra.layers.attention.multi_head import MultiHeadAttention
from recurra.layers.attention.pooling import AttentionPooling
from recurra.layers.attention.positions import PositionEmbedding, RotaryEmbedding, SinePositionEncoding
from recurra.layers.attention.scored import AdditiveAttention, Attention
from recurra.layers.attention.token_embeddings import ReversibleEmbedding, TokenAndPositionEmbedding
from recurra.layers.attention.tree import AttentionTree

GroupQueryAttention = GroupedQueryAttention  # Keras's name

__all__ = [
    "AdditiveAttention",
    "Attention",
    "AttentionPooling",
    "AttentionRNN",
    "AttentionTree",
    "GroupQueryAttention",
    "GroupedQueryAttention",
    "HierarchicalAttentionEncoder",
    "MultiHeadAttention",
    "PositionEmbedding",
    "ReversibleEmbedding",
    "RotaryEmbedding",
    "SinePositionEncoding",
    "TokenAndPositionEmbedding",
    "TransformerDecoder",
    "TransformerEncoder",
]
